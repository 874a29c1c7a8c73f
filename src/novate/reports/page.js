"use strict";
// Switches, tabs, filters and the reading line of the pictures. Without this script the page still shows everything.
(() => {
  const root = document.documentElement;
  const data = JSON.parse(document.getElementById("data").textContent);
  const remember = (key, value) => { try { localStorage.setItem("novate." + key, value); } catch (_) { /* a file may not store */ } };
  const recall = (key) => { try { return localStorage.getItem("novate." + key); } catch (_) { return null; } };

  for (const button of document.querySelectorAll("button[data-switch]")) {
    const key = button.dataset.switch, on = button.dataset.on;
    const show = (value) => {
      root.dataset[key] = value;
      button.setAttribute("aria-pressed", String(value === on));
    };
    show(recall(key) === on ? on : "");
    button.addEventListener("click", () => {
      const value = root.dataset[key] === on ? "" : on;
      show(value);
      remember(key, value);
    });
  }

  document.getElementById("copy").addEventListener("click", async (event) => {
    const text = JSON.stringify(data);
    try { await navigator.clipboard.writeText(text); } catch (_) {
      const area = document.createElement("textarea");
      area.value = text; document.body.append(area); area.select(); document.execCommand("copy"); area.remove();
    }
    event.target.textContent = "copied";
  });

  const tabs = [...document.querySelectorAll('[role="tab"]')];
  const choose = (tab) => {
    for (const other of tabs) {
      const chosen = other === tab;
      other.setAttribute("aria-selected", String(chosen));
      other.tabIndex = chosen ? 0 : -1;
      document.getElementById(other.getAttribute("aria-controls")).hidden = !chosen;
    }
  };
  tabs.forEach((tab, place) => {
    tab.addEventListener("click", () => choose(tab));
    tab.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      const next = tabs[(place + step + tabs.length) % tabs.length];
      choose(next); next.focus();
    });
  });
  if (tabs.length) choose(tabs[0]);

  for (const field of document.querySelectorAll("input[data-table]")) {
    const rows = [...document.querySelectorAll("#" + field.dataset.table + " tbody tr")];
    const counter = field.parentElement.querySelector("output");
    field.addEventListener("input", () => {
      const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      for (const row of rows) {
        const text = row.textContent.toLowerCase();
        row.hidden = !words.every((word) => text.includes(word));
        shown += !row.hidden;
      }
      counter.textContent = words.length ? shown + " of " + rows.length : "";
    });
  }
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.target.tagName === "INPUT") return;
    event.preventDefault();
    document.querySelector("input[data-table]")?.focus();
  });

  const number = (value, digits) => {
    if (value === null) return "\u2013";
    const text = String(Math.abs(value)).padStart(digits + 1, "0");
    const whole = text.slice(0, text.length - digits).replace(/\B(?=(\d{3})+$)/g, ",");
    return (value < 0 ? "\u2212" : "") + whole + (digits ? "." + text.slice(-digits) : "");
  };
  const clock = (time) => new Date(Math.floor(time / 1e6)).toISOString().slice(11, 19);

  for (const figure of document.querySelectorAll("figure.reading")) {
    const market = data.markets[Number(figure.dataset.market)];
    const svg = figure.querySelector("svg"), cursor = svg.querySelector(".cursor"), line = figure.querySelector(".readout");
    const [left, right] = data.plot, count = market.starts.length;
    let place = count - 1;
    const show = (index) => {
      place = Math.max(0, Math.min(count - 1, index));
      const x = left + (place + 0.5) / count * (right - left);
      cursor.setAttribute("x1", x); cursor.setAttribute("x2", x); cursor.style.visibility = "visible";
      const price = (value) => number(value, market.price_digits), size = (value) => number(value, market.quantity_digits);
      const from = market.by_time ? clock(market.starts[place]) : number(market.starts[place], 0);
      line.textContent = figure.dataset.kind === "price"
        ? `${from}   last ${price(market.last[place])}   low ${price(market.low[place])}   high ${price(market.high[place])}   \u25b2 ${size(market.bought[place])}   \u25bc ${size(market.sold[place])}${market.auctioned[place] ? `   auction ${size(market.auctioned[place])}` : ""}`
        : `${from}   bid ${price(market.bid[place])}   ask ${price(market.ask[place])}`;
    };
    const hide = () => { cursor.style.visibility = "hidden"; line.textContent = "\u00a0"; };
    figure.addEventListener("pointermove", (event) => {
      const box = svg.getBoundingClientRect();
      const x = (event.clientX - box.left) / box.width * svg.viewBox.baseVal.width;
      if (x < left || x > right) return;
      show(Math.floor((x - left) / (right - left) * count));
    });
    figure.addEventListener("pointerleave", hide);
    figure.addEventListener("blur", hide);
    figure.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (step && event.target === figure) { event.preventDefault(); show(place + step); }
    });
  }
})();
