// The dashboard's script: draws the tables over time, and makes pictures of tiles. Without it the tables are there.
// What it draws it reads from the tables, so that a chart and its table cannot differ. Text goes in by textContent and fillText alone.
"use strict";
(() => {
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const numberOf = (cell) => Number(cell.dataset.n || 0);
  const charts = new Map();

  // read takes a table over time apart: the days, and for each series its name, colour and numbers.
  const read = (tile) => {
    const table = tile.querySelector("table");
    const rows = [...table.tBodies[0].rows];
    const series = [];
    [...table.tHead.rows[0].cells].forEach((head, at) => {
      if (!head.dataset.series) return;
      series.push({ name: head.textContent, colour: "--series-" + head.dataset.series, values: rows.map((row) => numberOf(row.cells[at])) });
    });
    return {
      series,
      labels: rows.map((row) => row.cells[0].textContent.trim()),
      days: rows.map((row) => row.dataset.at),
      all: rows.map((row) => numberOf(row.cells[1])),
    };
  };

  // draw stacks the series: each is drawn up to the sum of it and those below, the highest first.
  const draw = (tile) => {
    const place = tile.querySelector("[data-chart]");
    const data = read(tile);
    const times = data.days.map((day) => Date.parse(day + "T00:00:00Z") / 1000);
    const sums = [];
    data.series.forEach((one, i) => sums.push(one.values.map((n, at) => n + (i ? sums[i - 1][at] : 0))));
    const readout = place.querySelector(".readout") || place.appendChild(Object.assign(document.createElement("p"), { className: "readout" }));
    const key = place.querySelector(".key") || place.appendChild(Object.assign(document.createElement("ul"), { className: "key" }));
    key.replaceChildren(
      ...data.series.map((one) => {
        const item = document.createElement("li");
        item.className = one.colour.slice(2);
        item.append(Object.assign(document.createElement("span"), { textContent: one.name }));
        return item;
      }),
    );
    const tell = (at) => {
      readout.textContent =
        at == null
          ? data.labels[0] + " – " + data.labels.at(-1)
          : data.labels[at] + ": " + [data.all[at], ...data.series.filter((one) => one.values[at]).map((one) => one.name + " " + one.values[at])].join(" · ");
    };
    tell(null);
    // The day of a label as the page writes it, without what every label has: "7 Sep" of "Week of 7 Sep 2026".
    const short = (label) => label.match(/\d+ \p{L}+(?=\.? \d{4}$)/u)?.[0] ?? label;
    const step = times.length > 1 ? times[1] - times[0] : 86400;
    const axis = { stroke: css("--quiet"), grid: { stroke: css("--line"), width: 1 }, ticks: { stroke: css("--line"), width: 1 }, font: "12px system-ui, sans-serif" };
    const plot = new uPlot(
      {
        width: Math.max(240, place.clientWidth),
        height: 240,
        legend: { show: false },
        cursor: { y: false, points: { show: false }, drag: { x: true, y: false, setScale: false } },
        tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
        scales: { x: { range: () => [times[0] - step * 0.6, times.at(-1) + step * 0.6] }, y: { range: (_, low, high) => [0, Math.max(1, high * 1.05)] } },
        axes: [
          // A label every so many bars, below its bar, so that they do not touch.
          { ...axis, grid: { show: false }, splits: (u) => { const every = Math.ceil((times.length * 70) / u.width); return times.filter((_, at) => at % every === 0); }, values: (_, at) => at.map((x) => short(data.labels[times.indexOf(x)])) },
          { ...axis, size: 46, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 50000, 100000] },
        ],
        series: [
          {},
          ...data.series
            .map((one) => ({ label: one.name, fill: css(one.colour), stroke: css(one.colour), width: 0, points: { show: false }, paths: uPlot.paths.bars({ size: [0.78, 60] }) }))
            .reverse(),
        ],
        hooks: {
          setCursor: [(u) => tell(u.cursor.idx)],
          // Dragging over days asks for these days.
          setSelect: [
            (u) => {
              if (u.select.width < 8) return;
              const first = u.posToIdx(u.select.left), last = u.posToIdx(u.select.left + u.select.width);
              const end = new Date((times[last] + step) * 1000 - 86400000).toISOString().slice(0, 10);
              const form = document.getElementById("ask");
              form.elements.from.value = data.days[first];
              form.elements.to.value = form.elements.to.value && form.elements.to.value < end ? form.elements.to.value : end;
              form.requestSubmit();
            },
          ],
        },
      },
      [times, ...sums.toReversed()],
      (u, ready) => {
        place.prepend(u.root);
        ready();
      },
    );
    charts.set(tile, plot);
  };

  const redraw = () => {
    for (const [tile, plot] of charts) {
      plot.destroy();
      draw(tile);
    }
  };

  for (const place of document.querySelectorAll("[data-chart]")) {
    const tile = place.closest("section");
    place.hidden = false;
    tile.querySelector(".numbers").open = false;
    draw(tile);
    let width = place.clientWidth;
    new ResizeObserver(() => {
      if (Math.abs(place.clientWidth - width) < 2) return;
      width = place.clientWidth;
      charts.get(tile).setSize({ width: Math.max(240, width), height: 240 });
    }).observe(place);
  }
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);

  // Pictures. A tile becomes a canvas twice its size: heading, drawing, and its table with bars.
  const WIDTH = 860, PAD = 28, LINE = 26;

  const fit = (ctx, text, room) => {
    if (ctx.measureText(text).width <= room) return text;
    let cut = [...text];
    while (cut.length && ctx.measureText(cut.join("") + "…").width > room) cut.pop();
    return cut.join("") + "…";
  };

  // flowImage turns the SVG of a flow into an image: its colours, which the style sheet gives, are written into a copy.
  const flowImage = async (svg) => {
    const copy = svg.cloneNode(true);
    const from = svg.querySelectorAll("path, rect, text, tspan"), to = copy.querySelectorAll("path, rect, text, tspan");
    from.forEach((one, i) => {
      const style = getComputedStyle(one);
      for (const name of ["fill", "stroke", "stroke-opacity", "font-size", "font-family", "font-weight", "text-anchor"]) to[i].setAttribute(name, style.getPropertyValue(name));
    });
    const [, , width, height] = svg.getAttribute("viewBox").split(" ").map(Number);
    copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
    copy.setAttribute("width", width);
    copy.setAttribute("height", height);
    const image = new Image();
    image.src = "data:image/svg+xml," + encodeURIComponent(new XMLSerializer().serializeToString(copy));
    await image.decode();
    return image;
  };

  const rowsOf = (tile) => {
    const table = tile.querySelector("table.report");
    if (!table) {
      const share = (step) => Number(step.querySelector("rect.fill").getAttribute("width")) / 100;
      const textOf = (step, part) => step.querySelector(part)?.innerText.trim() || "";
      return [...tile.querySelectorAll(".funnel > li")].map((step) => ({
        cells: [{ text: textOf(step, "h3") }, { text: textOf(step, ".n"), share: share(step) }, { text: textOf(step, ".note") }, { text: textOf(step, ".change") }],
      }));
    }
    return [...table.rows].map((row) => ({
      head: row.parentElement.tagName === "THEAD",
      foot: row.parentElement.tagName === "TFOOT",
      cells: [...row.cells].map((cell) => ({
        text: (cell.querySelector(".n, .only, th > span") || cell).innerText.trim().replace(/\s*\n\s*/g, ", "),
        share: Number(cell.querySelector("rect.fill:not([x])")?.getAttribute("width") || 0) / 100,
      })),
    }));
  };

  const picture = async (tile) => {
    const rows = tile.querySelector("[data-chart]") ? [] : rowsOf(tile);
    const chart = charts.get(tile)?.ctx.canvas;
    const flow = tile.querySelector(".flow svg");
    const drawn = chart || (flow && (await flowImage(flow)));
    const room = WIDTH - 2 * PAD;
    const drawnHeight = drawn ? (drawn.height * room) / drawn.width : 0;
    const keys = chart ? [...tile.querySelectorAll(".key li")] : [];
    const canvas = document.createElement("canvas");
    const height = PAD + 52 + (drawn ? drawnHeight + 16 : 0) + (keys.length ? LINE : 0) + rows.length * LINE + PAD;
    canvas.width = WIDTH * 2;
    canvas.height = height * 2;
    const ctx = canvas.getContext("2d");
    ctx.scale(2, 2);
    ctx.fillStyle = css("--surface");
    ctx.fillRect(0, 0, WIDTH, height);
    ctx.textBaseline = "middle";
    const write = (text, x, y, font, colour, width, align = "left") => {
      ctx.font = font + " system-ui, sans-serif";
      ctx.fillStyle = colour;
      ctx.textAlign = align;
      ctx.fillText(fit(ctx, text, width), x, y);
    };
    let y = PAD + 8;
    write(tile.querySelector("h2").textContent, PAD, y, "600 18px", css("--ink"), room);
    write(document.querySelector(".head .lead").innerText.trim(), PAD, (y += 24), "13px", css("--quiet"), room);
    y += 24;
    if (drawn) {
      ctx.drawImage(drawn, PAD, y, room, drawnHeight);
      y += drawnHeight + 16;
    }
    let x = PAD;
    for (const item of keys) {
      ctx.fillStyle = css("--" + item.className);
      ctx.fillRect(x, y + 2, 11, 11);
      write(item.textContent, x + 17, y + 8, "13px", css("--ink"), 160);
      x += 17 + Math.min(160, ctx.measureText(item.textContent).width) + 18;
    }
    for (const row of rows) {
      const middle = y + LINE / 2;
      const first = room * (row.cells.length > 5 ? 0.26 : 0.42), each = (room - first) / Math.max(1, row.cells.length - 1);
      row.cells.forEach((cell, i) => {
        const bold = row.head || row.foot || i === 0 ? "600 " : "";
        const colour = row.head ? css("--quiet") : css("--ink");
        if (i === 0) return write(cell.text, PAD, middle, bold + "13px", colour, first - 12);
        const right = PAD + first + each * i;
        if (cell.share) {
          ctx.fillStyle = css("--fill");
          ctx.fillRect(right - each + 10, middle - 4, (each - 90) * cell.share, 8);
        }
        write(cell.text, right, middle, bold + "13px", colour, cell.share ? 76 : each - 8, "right");
      });
      ctx.fillStyle = css("--line");
      ctx.fillRect(PAD, y + LINE - 0.5, room, 1);
      y += LINE;
    }
    return canvas;
  };

  for (const button of document.querySelectorAll("[data-png]")) {
    const tile = button.closest("section");
    if (!tile.querySelector("table, .funnel")) continue;
    button.hidden = false;
    button.addEventListener("click", async () => {
      const canvas = await picture(tile);
      canvas.toBlob((blob) => {
        const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: "headwater-" + tile.id + ".png" });
        link.click();
        setTimeout(() => URL.revokeObjectURL(link.href), 10000);
      }, "image/png");
    });
  }
})();
