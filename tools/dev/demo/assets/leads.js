// Keeps the page of leads up to date: asks for the changing part twice a second and shows it when it is another one.
(() => {
  const latest = document.getElementById("latest");
  const news = document.getElementById("news");
  const newest = () => latest.querySelector(".people > li header")?.textContent;
  let tag = "";
  let fresh; // the newest lead, if it came while the page was open
  const show = (html) => {
    const focused = latest.contains(document.activeElement) && document.activeElement.getAttribute("aria-label");
    const before = newest();
    const parsed = new DOMParser().parseFromString(html, "text/html");
    latest.replaceChildren(...parsed.body.childNodes);
    if (focused) latest.querySelector(`[aria-label="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
    if (tag && newest() !== before) {
      fresh = newest();
      news.textContent = `New: ${latest.querySelector(".people h3").textContent}`;
    }
    if (fresh && fresh === newest()) latest.querySelector(".people > li").classList.add("fresh");
  };
  const look = async () => {
    if (document.hidden) return;
    const answer = await fetch("/leads/latest", { headers: tag ? { "If-None-Match": tag } : {}, cache: "no-store" });
    if (answer.status !== 200) return;
    show(await answer.text());
    tag = answer.headers.get("ETag");
  };
  const again = () => look().catch(() => {}).finally(() => setTimeout(again, 400));
  again();
})();
