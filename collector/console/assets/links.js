// The builder's only script: the preview follows what is typed, and a click on a suggestion takes it. Without it the button shows the same.
"use strict";
(() => {
  const form = document.querySelector("form[data-builder]");
  if (!form) return;
  const code = document.getElementById("preview");
  const open = document.getElementById("open");
  const box = document.getElementById("live");
  const names = ["utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content", "utm_id"];

  const build = () => {
    let target = form.elements.target.value.trim();
    if (!target) return "";
    if (!target.includes("://") && /^[^/?#:]+\.[^/?#]*/.test(target)) target = "https://" + target;
    let url;
    try {
      url = new URL(target);
    } catch {
      return "";
    }
    if (!/^https?:$/.test(url.protocol) || url.username || url.password) return "";
    const pairs = url.search.slice(1).split("&").filter((pair) => pair && !names.includes(decodeURIComponent(pair.split("=")[0].replace(/%(?![0-9a-f]{2})/gi, "%25")).toLowerCase()));
    for (const name of names) {
      const value = form.elements[name].value.trim();
      if (value) pairs.push(name + "=" + encodeURIComponent(value));
    }
    url.search = pairs.join("&");
    return url.href;
  };

  const show = () => {
    let address = "";
    try {
      address = build();
    } catch {
      // what cannot be read yet has no preview
    }
    box.hidden = !address;
    code.textContent = address;
    if (address) open.href = address;
  };
  form.addEventListener("input", show);
  for (const pick of document.querySelectorAll("[data-pick]")) {
    pick.hidden = false;
    pick.addEventListener("click", () => {
      const field = form.elements[pick.dataset.pick];
      field.value = pick.value;
      field.focus();
      show();
    });
  }
  show();
})();
