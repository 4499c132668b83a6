// Contacts and boards: operators that fit the field that was chosen, and cards that are moved by dragging or by the keyboard. Without it
// every page still works: choices are checked by the server, and cards have a list and a button.
// Text goes into the page through textContent alone: values in it come from strangers.
"use strict";
(() => {
  // Which operators a field takes; the server has the last word.
  const words = ["is", "is_not", "contains", "not_contains", "begins_with", "one_of", "empty", "not_empty"];
  const days = ["since", "before", "is", "last_days", "empty", "not_empty"];
  const choices = ["is", "is_not", "one_of"];
  const counts = ["at_least", "at_most", "is"];
  const takes = (field) => {
    if (["created", "last_submission", "status_since", "deal.created"].includes(field)) return days;
    if (["status", "origin", "deal.status"].includes(field)) return choices;
    if (["submissions", "deals", "won_deals"].includes(field)) return counts;
    if (["won_amount", "deal.amount"].includes(field)) return ["at_least", "at_most"];
    return field === "selection" ? ["is", "is_not"] : words;
  };
  for (const field of document.querySelectorAll("[data-field]")) {
    const op = field.parentElement.querySelector("[data-op]");
    const value = field.parentElement.querySelector("[data-value]");
    const all = [...op.options];
    const fit = () => {
      const chosen = op.value;
      const fitting = all.filter((option) => takes(field.value).includes(option.value));
      op.replaceChildren(...fitting);
      op.value = fitting.some((option) => option.value === chosen) ? chosen : fitting[0].value;
      value.hidden = ["empty", "not_empty"].includes(op.value);
      value.setAttribute("list", "values-" + field.value.replaceAll(".", "-"));
      const date = ["since", "before", "is"].includes(op.value) && takes(field.value) === days;
      // A day that cannot be read stays as it was typed, so that it can be mended.
      value.type = date && (value.value === "" || /^\d{4}-\d\d-\d\d$/.test(value.value)) ? "date" : "text";
    };
    field.addEventListener("change", fit);
    op.addEventListener("change", fit);
    if (field.value) fit();
  }

  const board = document.querySelector("[data-board]");
  if (!board) return;
  const news = document.getElementById("board-news");
  const problem = document.getElementById("board-problem");
  const columns = [...board.querySelectorAll(".column")];

  const complain = (text) => {
    problem.hidden = !text;
    problem.textContent = text;
  };
  const count = (column, by) => {
    const badge = column.querySelector(".count");
    const total = Number(badge.dataset.total) + by;
    badge.dataset.total = total;
    badge.textContent = new Intl.NumberFormat(document.documentElement.lang).format(total);
  };
  const listOf = (column) => {
    let list = column.querySelector(".lanes > ul");
    if (!list) {
      list = document.createElement("ul");
      column.querySelector(".lanes").append(list);
    }
    return list;
  };
  const put = (card, column) => {
    const from = card.closest(".column");
    if (from === column) return;
    count(from, -1);
    count(column, 1);
    listOf(column).prepend(card);
  };

  // Asks the server first: where somebody else was quicker, the card goes to where they put it.
  const move = async (card, column) => {
    const form = card.querySelector("form");
    const choice = form.elements.status;
    if (card.dataset.busy || column === card.closest(".column")) return;
    card.dataset.busy = "yes";
    complain("");
    try {
      const body = new URLSearchParams({ status: column.dataset.status, over: card.dataset.version });
      const answer = await fetch(form.action, { method: "POST", body, headers: { Accept: "application/json" } });
      if (answer.redirected || !(answer.headers.get("Content-Type") || "").startsWith("application/json")) throw new Error(answer.status);
      const now = await answer.json();
      if (now.problem) complain(now.problem);
      if (!now.version) return;
      card.dataset.version = now.version;
      form.elements.over.value = now.version;
      const to = columns.find((one) => one.dataset.status === now.status);
      const hadFocus = card.contains(document.activeElement);
      if (to) put(card, to);
      choice.value = now.status;
      if (answer.ok) {
        card.classList.add("fresh");
        news.textContent = board.dataset.moved.replace("%1", card.dataset.called).replace("%2", now.name);
      }
      if (hadFocus) card.querySelector("a").focus();
      card.scrollIntoView({ block: "nearest", inline: "nearest" });
    } catch {
      complain(board.dataset.lost);
      choice.value = card.closest(".column").dataset.status;
    } finally {
      delete card.dataset.busy;
    }
  };

  let lifted = null;
  board.addEventListener("dragstart", (event) => {
    lifted = event.target.closest?.(".kanban");
    if (!lifted) return;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", lifted.dataset.contact);
    lifted.classList.add("lifted");
  });
  board.addEventListener("dragend", () => {
    lifted?.classList.remove("lifted");
    lifted = null;
    for (const column of columns) column.classList.remove("over");
  });
  for (const column of columns) {
    column.addEventListener("dragover", (event) => {
      if (!lifted) return;
      event.preventDefault();
      event.dataTransfer.dropEffect = "move";
      column.classList.add("over");
    });
    column.addEventListener("dragleave", (event) => {
      if (!column.contains(event.relatedTarget)) column.classList.remove("over");
    });
    column.addEventListener("drop", (event) => {
      if (!lifted) return;
      event.preventDefault();
      column.classList.remove("over");
      move(lifted, column);
    });
  }

  board.addEventListener("keydown", (event) => {
    const card = event.target.closest(".kanban");
    if (!card || !event.altKey || !["ArrowLeft", "ArrowRight"].includes(event.key)) return;
    event.preventDefault();
    const at = columns.indexOf(card.closest(".column")) + (event.key === "ArrowLeft" ? -1 : 1);
    if (columns[at]) move(card, columns[at]);
  });
  board.addEventListener("submit", (event) => {
    const card = event.target.closest(".kanban");
    const column = card && columns.find((one) => one.dataset.status === event.target.elements.status.value);
    if (!column) return;
    event.preventDefault();
    move(card, column);
  });

  // More cards come from the page that the link leads to, without leaving this one. XMLHttpRequest parses it: Trusted Types forbid DOMParser.
  const pageOf = (href) =>
    new Promise((done, failed) => {
      const request = new XMLHttpRequest();
      request.open("GET", href);
      request.responseType = "document";
      request.onload = () => (request.status === 200 && request.response ? done(request.response) : failed(new Error(request.status)));
      request.onerror = failed;
      request.send();
    });
  board.addEventListener("click", async (event) => {
    const link = event.target.closest("[data-more]");
    if (!link) return;
    event.preventDefault();
    const column = link.closest(".column");
    try {
      const fresh = (await pageOf(link.href)).getElementById(column.id);
      const more = fresh.querySelector("[data-more]");
      column.querySelector(".lanes").replaceWith(fresh.querySelector(".lanes"));
      if (more) link.replaceWith(more);
      else link.remove();
    } catch {
      location.href = link.href;
    }
  });
})();
