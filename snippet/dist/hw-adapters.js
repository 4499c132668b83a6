try{(()=>{})();}catch(e){}
