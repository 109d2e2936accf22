// What htmx and HTML do not do by themselves: keys, copies, filters, and polling only while the page is seen.
"use strict";
(() => {
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const on = (name, listener) => document.addEventListener(name, listener);

  // Live parts
  const offline = (yes) => {
    const banner = document.getElementById("offline");
    if (banner) banner.hidden = !yes;
  };
  on("htmx:beforeRequest", (event) => {
    if (document.hidden && event.detail.elt.hasAttribute("data-live")) event.preventDefault();
  });
  on("htmx:afterRequest", (event) => offline(!event.detail.successful));

  // Forms are sent once
  on("submit", (event) => {
    const form = event.target.closest("form[data-once]");
    if (!form) return;
    form.setAttribute("aria-busy", "true");
    setTimeout(() => all("button", form).forEach((button) => { button.disabled = true; }));
  });
  window.addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    all("form[aria-busy]").forEach((form) => {
      form.removeAttribute("aria-busy");
      all("button", form).forEach((button) => { button.disabled = false; });
    });
  });

  // Buttons
  const copy = async (button) => {
    const code = document.getElementById(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(code.textContent);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(code);
      button.textContent = "Selected";
    }
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  };
  const fill = (button) => {
    const target = document.getElementById(button.dataset.fills);
    target.value = document.getElementById("at").value;
    const details = target.closest("details");
    details.open = true;
    details.querySelector("input[name=id]").focus();
  };
  const openAll = (button) => {
    const items = all("details", document.getElementById(button.dataset.openAll));
    const open = items.some((item) => !item.open);
    items.forEach((item) => { item.open = open; });
    button.textContent = open ? "Close all" : "Open all";
  };
  on("click", (event) => {
    const button = event.target.closest("[data-copy], [data-fills], [data-open-all], [data-back]");
    if (!button) return;
    if (button.dataset.copy) copy(button);
    else if (button.dataset.fills) fill(button);
    else if (button.dataset.openAll) openAll(button);
    else if (history.length > 1) {
      event.preventDefault();
      history.back();
    }
  });

  // Filters of lists that the page has
  on("input", (event) => {
    const input = event.target;
    if (input.dataset.filter) {
      const wanted = input.value.trim().toLowerCase();
      const list = document.getElementById(input.dataset.filter);
      all("[data-item]", list).forEach((item) => {
        item.hidden = !item.querySelector("summary").textContent.toLowerCase().includes(wanted);
      });
      all("[data-group]", list).forEach((group) => {
        group.hidden = !group.querySelector("[data-item]:not([hidden])");
      });
    } else if (input.dataset.slides) {
      const time = new Date(Number(input.value) * 1000).toISOString().slice(0, 19);
      document.getElementById(input.dataset.slides).value = time;
      input.setAttribute("aria-valuetext", time.replace("T", " ") + " UTC");
    } else if (input.id === "at") {
      const slide = document.getElementById("slide");
      if (slide && input.value) slide.value = Date.parse(input.value + "Z") / 1000;
    }
  });

  // Keys
  on("keydown", (event) => {
    const typing = event.target.matches("input, select, textarea");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) {
      const input = document.querySelector("[data-filter-key]");
      if (input) {
        event.preventDefault();
        input.focus();
      }
      return;
    }
    const step = { ArrowDown: 1, ArrowUp: -1, j: 1, k: -1 }[event.key];
    if (!step || (typing && event.key.length === 1)) return;
    const rows = all("a.row");
    const from = rows.indexOf(document.activeElement);
    const begins = from < 0 && event.target.matches("[data-filter-key]") && step > 0;
    const next = begins ? rows[0] : from < 0 ? null : rows[from + step];
    if (next) {
      event.preventDefault();
      next.focus();
    }
  });

  on("DOMContentLoaded", () => all("[data-fills], [data-open-all]").forEach((button) => { button.hidden = false; }));
})();
