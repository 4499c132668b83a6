(() => {
  // Texts and controls, as the rectangles in which they are painted. What lies outside of the flow (absolute, fixed, sticky) is
  // laid over others on purpose.
  const skip = "svg, option, template, noscript, script, .vh, .skip, [hidden], [aria-hidden=true]";
  const floats = (e) => {
    for (; e && e !== document.body; e = e.parentElement) {
      if (["absolute", "fixed", "sticky"].includes(getComputedStyle(e).position)) return true;
    }
    return false;
  };
  // What an ancestor that scrolls or hides leaves of a rectangle.
  const clipped = (rect, e) => {
    let { left, top, right, bottom } = rect;
    for (let p = e.parentElement; p; p = p.parentElement) {
      if (getComputedStyle(p).overflow === "visible" || p === document.documentElement || p === document.body) continue;
      const box = p.getBoundingClientRect();
      [left, top, right, bottom] = [Math.max(left, box.left), Math.max(top, box.top), Math.min(right, box.right), Math.min(bottom, box.bottom)];
    }
    return right - left > 2 && bottom - top > 2 ? { left, top, right, bottom } : null;
  };
  const name = (e) => `<${e.localName}${e.className && e.className.trim ? "." + e.className.trim().split(/\s+/).join(".") : ""}> ${JSON.stringify((e.innerText || e.value || e.name || "").trim().slice(0, 40))}`;
  const painted = [], found = [];
  for (const e of document.body.querySelectorAll("*")) {
    if (e.closest(skip) || !e.checkVisibility({ visibilityProperty: true, opacityProperty: true }) || floats(e)) continue;
    const control = e.matches("input:not([type=hidden]), select, textarea, button, .button");
    const texts = [...e.childNodes].filter((n) => n.nodeType === Node.TEXT_NODE && n.data.trim());
    if (!control && !texts.length) continue;
    const style = getComputedStyle(e);
    const hides = ["hidden", "clip"].includes(style.overflowX);
    if ((hides || e.matches("button, .button")) && e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0 && style.textOverflow !== "ellipsis" && style.display !== "inline") {
      found.push(`cut off: ${name(e)} needs ${e.scrollWidth} px and has ${e.clientWidth}`);
    }
    const rects = [];
    if (control) rects.push(e.getBoundingClientRect());
    else {
      for (const text of texts) {
        const range = document.createRange();
        range.selectNodeContents(text);
        rects.push(...range.getClientRects());
      }
    }
    // A column too narrow for words breaks them into letters, which overlap nothing.
    const letters = texts.reduce((sum, text) => sum + text.data.trim().length, 0);
    if (!control && rects.length > 3 && letters / rects.length < 4) found.push(`squeezed: ${name(e)} has ${rects.length} lines`);
    for (const rect of rects) {
      const seen = clipped(rect, e);
      // Lines of text may touch: their boxes are higher than their letters.
      const ease = control ? 1 : Math.min(4, (rect.bottom - rect.top) * 0.2);
      if (seen) painted.push({ e, left: seen.left + 1, right: seen.right - 1, top: seen.top + ease, bottom: seen.bottom - ease });
    }
  }
  painted.sort((a, b) => a.top - b.top);
  painted.forEach((a, i) => {
    for (let j = i + 1; j < painted.length && painted[j].top < a.bottom; j++) {
      const b = painted[j];
      if (a.e === b.e || a.e.contains(b.e) || b.e.contains(a.e)) continue;
      if (a.left < b.right && b.left < a.right && found.length < 20) found.push(`${name(a.e)} lies over ${name(b.e)}`);
    }
  });
  return found;
})()
