// Keeps the page of leads up to date: asks for the changing part every second and shows it when it is another one.
(() => {
  const latest = document.getElementById("latest");
  const news = document.getElementById("news");
  let tag = "";
  const count = () => latest.querySelectorAll(".people > li").length;
  const look = async () => {
    if (document.hidden) return;
    const answer = await fetch("/leads/latest", { headers: tag ? { "If-None-Match": tag } : {}, cache: "no-store" });
    if (answer.status !== 200) return;
    const before = tag && latest.querySelector(".people > li")?.textContent;
    tag = answer.headers.get("ETag") || "";
    const parsed = new DOMParser().parseFromString(await answer.text(), "text/html");
    latest.replaceChildren(...parsed.body.childNodes);
    const first = latest.querySelector(".people > li");
    if (before && first && first.textContent !== before) {
      first.classList.add("fresh");
      news.textContent = `New: ${first.querySelector("h3").textContent}`;
    }
  };
  const again = () => look().catch(() => {}).finally(() => setTimeout(again, count() ? 1000 : 700));
  again();
})();
