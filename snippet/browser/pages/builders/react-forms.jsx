// The forms of react.html: one that the page's script sends, one that the browser does.
import React, { StrictMode, useRef, useState } from "react";
import { createRoot } from "react-dom/client";

function Controlled() {
  const [email, setEmail] = useState("");
  const [state, setState] = useState("new");
  const hidden = useRef(null); // kept until the lead is accepted, so that another try has the same submission id
  const send = async (event) => {
    event.preventDefault();
    setState("sending");
    hidden.current ||= window.headwater.fields();
    const answer = await fetch("/api/lead", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ email, ...hidden.current }),
    });
    setState(answer.ok ? "sent" : "failed");
  };
  if (state == "sent") return <p id="sent">Thank you.</p>;
  return (
    <form id="controlled" onSubmit={send}>
      {state == "failed" && <p role="alert">Please try again.</p>}
      <input name="email" value={email} onChange={(event) => setEmail(event.target.value)} />
      <button>Send</button>
    </form>
  );
}

function Native() {
  const [email, setEmail] = useState("");
  const [error, setError] = useState("");
  const check = (event) => {
    if (email.includes("@")) return;
    event.preventDefault();
    setError("That is no address.");
  };
  return (
    <form id="signup" method="post" action="/f/signup" onSubmit={check}>
      {error && <p role="alert">{error}</p>}
      <input name="email" value={email} onChange={(event) => setEmail(event.target.value)} />
      {email && <output>{email.length}</output>}
      <button>Sign up</button>
    </form>
  );
}

function App() {
  const [round, setRound] = useState(0);
  return (
    <>
      <button id="round" onClick={() => setRound(round + 1)}>Another form</button>
      <Controlled key={"controlled" + round} />
      {round != 1 && <Native key={round} />}
    </>
  );
}

createRoot(document.getElementById("root")).render(<StrictMode><App /></StrictMode>);
