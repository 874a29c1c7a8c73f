// The board: draws /live.json and /clearing.json. Nothing is decided here and nothing is sent.
"use strict";

const LIVE_MS = 500, CLEARING_MS = 2000, STALE_MS = 3000;
const LENGTHS = [[5, "5 s"], [60, "1 min"], [900, "15 min"]];
const MINUS = "\u2212", UP = "\u25B2", DOWN = "\u25BC", DASH = "\u2013";
const $ = (id) => document.getElementById(id);
const state = { market: 0, seconds: 5, heard: 0, sequence: 0, newest: 0, levels: new Map() };

// -- small things ----------------------------------------------------------------------------------------

function element(name, text, attributes = {}) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

function drawn(name, attributes, text) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

// "64274.5" -> "64,274.5": the digits stay as they came.
function grouped(text) {
  const [whole, rest] = String(text).split(".");
  const marked = whole.replace(/\B(?=(\d{3})+$)/g, ",").replace("-", MINUS);
  return rest === undefined ? marked : `${marked}.${rest}`;
}

// A share of a million as a change with arrow and sign.
function change(ppm) {
  if (ppm === null) return ["", ""];
  const text = (Math.abs(ppm) / 1e4).toFixed(2) + "%";
  if (ppm === 0) return [text, ""];
  return ppm > 0 ? [`${UP} +${text}`, "buy"] : [`${DOWN} ${MINUS}${text}`, "sell"];
}

function clock(ns, seconds = true) {
  return new Date(Number(BigInt(ns) / 1000000n)).toISOString().slice(11, seconds ? 19 : 16);
}

// JSON numbers of nanoseconds are longer than what a number holds: keep them as text.
async function document_of(path) {
  const answer = await fetch(path, { cache: "no-store" });
  const text = await answer.text();
  if (!answer.ok) throw new Error(JSON.parse(text).message);
  return JSON.parse(text.replace(/"(\w+_ns)":(\d+)/g, '"$1":"$2"'));
}

// -- markets ---------------------------------------------------------------------------------------------

function draw_markets(markets) {
  const place = $("markets");
  if (place.childElementCount !== markets.length) {
    place.replaceChildren(...markets.map((one) => {
      const button = element("button", undefined, { type: "button", role: "tab" });
      button.addEventListener("click", () => choose(one.number));
      return button;
    }));
  }
  markets.forEach((one, at) => {
    const [text, direction] = change(one.change_ppm);
    const parts = [
      element("span", one.symbol, { class: "symbol" }), element("span", ""),
      element("span", one.last === null ? DASH : grouped(one.last), { class: "last" }),
      element("span", text, { class: `change ${direction}` }),
    ];
    if (one.state !== "CONTINUOUS") parts[1] = element("span", one.state.toLowerCase().replace("_", " "), { class: "flag" });
    const button = place.children[at];
    button.setAttribute("aria-selected", one.number === state.market);
    button.replaceChildren(...parts);
  });
}

function choose(market) {
  state.market = market;
  state.newest = 0;
  state.levels.clear();
  history.replaceState(null, "", `#${market}`);
  live();
}

// -- the chosen market -----------------------------------------------------------------------------------

function draw_title(market, line) {
  const [text, direction] = change(line.change_ppm);
  const last = market.last === null ? "has not traded yet" : grouped(market.last);
  $("title").replaceChildren(`${market.symbol} ${last} `, element("span", text, { class: direction }));
  document.title = `${market.last === null ? "" : grouped(market.last) + " "}${market.symbol} \u00B7 Novate`;
}

function draw_side(place, levels, direction, reversed) {
  const rows = levels.map((level) => {
    const key = direction + level.price;
    const row = element("tr"), changed = state.levels.get(key) === level.quantity ? "" : " changed";
    const price = element("td", grouped(level.price), { class: `num ${direction} depth` });
    price.style.setProperty("--depth", `${Math.round(level.depth * 240)}%`);
    row.append(element("td", level.orders, { class: "num" }), element("td", grouped(level.quantity), { class: `num${changed}` }), price);
    return row;
  });
  while (rows.length < 12) rows.push(element("tr")), rows[rows.length - 1].append(element("td", "\u00A0", { colspan: 3 }));
  place.replaceChildren(...(reversed ? rows.reverse() : rows));
}

function draw_book(market) {
  const had = state.levels.size > 0;
  draw_side($("asks"), market.asks, "sell", true);
  draw_side($("bids"), market.bids, "buy", false);
  if (!had) document.querySelectorAll(".book .changed").forEach((cell) => cell.classList.remove("changed"));
  state.levels = new Map([
    ...market.asks.map((level) => ["sell" + level.price, level.quantity]),
    ...market.bids.map((level) => ["buy" + level.price, level.quantity]),
  ]);
  const [bid, ask] = [market.bids[0], market.asks[0]];
  if (!bid || !ask) { $("spread").textContent = "one side is empty"; return; }
  const digits = (bid.price.split(".")[1] || "").length;
  $("spread").textContent = `spread ${grouped((Number(ask.price) - Number(bid.price)).toFixed(digits))} ${market.currency}`;
}

function draw_trades(trades) {
  $("trades").replaceChildren(...trades.map((one) => {
    const row = element("tr", undefined, state.newest && one.id > state.newest ? { class: "new" } : {});
    const direction = { BUY: "buy", SELL: "sell" }[one.side] || "";
    const arrow = { BUY: UP + " ", SELL: DOWN + " " }[one.side] || "";
    row.title = `trade ${one.id}, sequence ${one.sequence} of the journal`;
    row.append(element("td", clock(one.time_ns)), element("td", arrow + grouped(one.price), { class: `num ${direction}` }),
      element("td", grouped(one.quantity), { class: "num" }));
    return row;
  }));
  if (trades.length) state.newest = trades[0].id;
}

function draw_chart(market) {
  const svg = $("chart"), width = Math.max(320, svg.clientWidth || 640), height = 600;
  const right = 64, bottom = 22, volumes = 84, top = 8;
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  const candles = market.candles;
  if (!candles.length) {
    svg.replaceChildren(drawn("text", { x: width / 2, y: height / 2, "text-anchor": "middle", class: "muted" }, "no trade yet"));
    $("chart-said").textContent = "";
    return;
  }
  const length = BigInt(market.seconds) * 1000000000n, slots = 72;
  const newest = BigInt(candles[candles.length - 1].open_ns), first = newest - BigInt(slots - 1) * length;
  const number = (candle, name) => Number(candle[name]);
  const high = Math.max(...candles.map((one) => number(one, "high"))), low = Math.min(...candles.map((one) => number(one, "low")));
  const room = (high - low || high * 0.001) * 0.08, deep = height - bottom - volumes - 8;
  const y = (price) => top + (high + room - price) / (high - low + 2 * room) * (deep - top);
  const step = (width - right) / slots, most = Math.max(...candles.map((one) => number(one, "quantity")));
  const parts = [];
  const digits = (candles[0].close.split(".")[1] || "").length;
  for (const price of ticks(low - room, high + room, 6)) {
    parts.push(drawn("line", { x1: 0, x2: width - right, y1: y(price), y2: y(price), class: "grid" }));
    parts.push(drawn("text", { x: width - right + 8, y: y(price) + 4, class: "axis" }, grouped(price.toFixed(digits))));
  }
  for (let slot = 8; slot < slots; slot += 16) {
    const at = first + BigInt(slot) * length;
    parts.push(drawn("text", { x: (slot + 0.5) * step, y: height - 6, "text-anchor": "middle", class: "axis" }, clock(at.toString(), market.seconds < 60)));
  }
  for (const one of candles) {
    const slot = Number((BigInt(one.open_ns) - first) / length);
    if (slot < 0) continue;
    const middle = (slot + 0.5) * step, wide = Math.max(2, step * 0.62);
    const [open, close] = [number(one, "open"), number(one, "close")], direction = close >= open ? "buy" : "sell";
    const tall = number(one, "quantity") / most * volumes;
    parts.push(drawn("rect", { x: middle - wide / 2, width: wide, y: height - bottom - tall, height: tall, class: `volume ${direction}` }));
    parts.push(drawn("line", { x1: middle, x2: middle, y1: y(number(one, "high")), y2: y(number(one, "low")), class: `wick ${direction}` }));
    parts.push(drawn("rect", { x: middle - wide / 2, width: wide, y: y(Math.max(open, close)), height: Math.max(1, Math.abs(y(open) - y(close))), class: `body ${direction}` }));
  }
  if (market.last !== null) {
    const at = Math.min(deep, Math.max(top, y(Number(market.last))));
    parts.push(drawn("line", { x1: 0, x2: width - right, y1: at, y2: at, class: "now" }));
    parts.push(drawn("rect", { x: width - right + 2, y: at - 9, width: right - 2, height: 18, fill: "var(--background)" }));
    parts.push(drawn("text", { x: width - right + 8, y: at + 4, class: "now" }, grouped(market.last)));
  }
  svg.replaceChildren(...parts);
  const newestOne = candles[candles.length - 1];
  $("chart-said").textContent = `${clock(newestOne.open_ns)}  open ${grouped(newestOne.open)}  high ${grouped(newestOne.high)}  ` +
    `low ${grouped(newestOne.low)}  close ${grouped(newestOne.close)}  quantity ${grouped(newestOne.quantity)}; bars below: quantity`;
}

// About `wanted` round numbers between two prices.
function ticks(low, high, wanted) {
  const rough = (high - low) / wanted, size = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((times) => times * size).find((one) => one >= rough);
  const found = [];
  for (let at = Math.ceil(low / step) * step; at < high; at += step) found.push(at);
  return found;
}

// -- clearing --------------------------------------------------------------------------------------------

function draw_funnel(data) {
  const counts = [["orders", data.orders], ["trades", data.executions], ["legs to settle: two of each trade that is delivered", data.legs], ["obligations", data.obligations]];
  const sizes = counts.map(([, text]) => Math.max(1, Number(text.replaceAll(",", ""))));
  const tall = (count) => 6 + 58 * Math.log10(count + 1) / Math.log10(Math.max(...sizes) + 1);
  $("funnel").replaceChildren(...counts.map(([what, text], at) => {
    const item = element("li");
    const svg = drawn("svg", { viewBox: "0 0 100 64", preserveAspectRatio: "none", "aria-hidden": "true" });
    const [left, right] = [tall(sizes[at]), tall(sizes[Math.min(at + 1, 3)])];
    svg.append(drawn("path", { class: "flow", d: `M0 ${64 - left}C50 ${64 - left} 50 ${64 - right} 100 ${64 - right}V64H0Z` }));
    item.append(element("div", text, { class: "count" }), element("div", what, { class: "what" }), svg);
    return item;
  }));
}

function draw_cash(cash) {
  $("cash-lead").textContent = cash.caption;
  const head = element("tr"), body = element("tbody");
  head.append(element("th", "member"), ...cash.columns.map((one) => element("th", one, { class: "num" })));
  for (const [member, ...cells] of cash.rows) {
    const row = element("tr");
    row.append(element("th", member, { scope: "row" }), ...cells.map((one) => {
      const direction = one.startsWith(UP) ? "buy" : one.startsWith(DOWN) ? "sell" : "";
      return element("td", one, { class: `num ${direction}` });
    }));
    body.append(row);
  }
  const top = element("thead");
  top.append(head);
  $("cash").replaceChildren(top, body);
}

// -- turning ---------------------------------------------------------------------------------------------

async function live() {
  try {
    const data = await document_of(`/live.json?market=${state.market}&seconds=${state.seconds}`);
    if (data.market.number !== state.market) return;
    state.heard = Date.now();
    state.node = data.node;
    state.sequence = data.sequence;
    $("name").textContent = data.name;
    draw_markets(data.markets);
    draw_title(data.market, data.markets[state.market]);
    $("lead").textContent = `${data.market.kind}, ${data.market.state.toLowerCase().replace("_", " ")}; ${grouped(data.resting_orders)} orders rest in all markets, ` +
      `at sequence ${grouped(data.sequence)}`;
    draw_book(data.market);
    draw_trades(data.market.trades);
    draw_chart(data.market);
    draw_footer(data);
  } catch (error) {
    state.fault = error.message;
  }
  draw_pulse();
}

function draw_pulse() {
  const age = Date.now() - state.heard, node = state.node || {};
  const wrong = age > STALE_MS ? `No data for ${Math.round(age / 1000)} s: what you see is old` : node.fault ? `The core does not answer: ${node.fault}` :
    node.lag > 1000 ? `This page is ${grouped(node.lag)} commands behind the core` : "";
  $("pulse").textContent = state.heard ? `sequence ${grouped(state.sequence)}, ${(age / 1000).toFixed(1)} s old` : "connecting";
  $("pulse").classList.toggle("still", wrong !== "");
  $("stale").hidden = wrong === "" || !state.heard;
  if ($("stale").textContent !== wrong) $("stale").textContent = wrong;
}

function draw_footer(data) {
  const node = data.node;
  if (!node.addresses) return;
  const house = node.clearing ? `clearing ${node.clearing.state}, ${grouped(node.clearing.fills)} of ${grouped(node.fills)} trades taken, business date ${node.clearing.business_date}. ` : "";
  $("footer").textContent = `Binary protocol at ${node.addresses.join(" and ")}; ${node.connected} sessions connected; durability ${node.durability}; ` +
    `up ${grouped(node.uptime_seconds)} s. ${house}`;
  const tcp = node.addresses.find((one) => !one.startsWith("/"));
  $("example").textContent = tcp === undefined ? "" : [
    "from novate.client import Client, Credentials", "from novate.domain.codes import Side", "",
    'credentials = Credentials.from_file("DATA/keys/ALPINE.key", "ALPINE")',
    `with Client.connect("${tcp}", credentials) as client:`,
    `    nonce = client.place_order(market=${state.market}, account=101, client_order_id=1, side=Side.BUY, quantity=5, price=PRICE)`,
    "    print(client.receipt(nonce), client.events(timeout=1.0))"].join("\n");
}

async function clearing() {
  try {
    const data = await document_of("/clearing.json");
    $("clearing-title").textContent = data.title;
    $("clearing-lead").textContent = "Every order and trade since the venue was founded, as if the clearing house netted now. " +
      `${data.not_delivered} Heights grow with the logarithm of the count.`;
    draw_funnel(data);
    // The figures are pictures that the server has drawn of its own numbers; no text of a client is in them.
    const figures = data.figures.join("");
    if (state.figures !== figures) $("figures").innerHTML = state.figures = figures;
    draw_cash(data.cash);
  } catch (error) {
    state.fault = error.message;
  }
}

function switched(id, name, value) {
  const button = $(id);
  const set = (on) => {
    if (on) document.documentElement.dataset[name] = value; else delete document.documentElement.dataset[name];
    button.setAttribute("aria-pressed", on);
  };
  set(localStorage.getItem(name) === value);
  button.addEventListener("click", () => {
    const on = button.getAttribute("aria-pressed") !== "true";
    localStorage.setItem(name, on ? value : "");
    set(on);
  });
}

function begin() {
  const asked = Number(location.hash.slice(1));
  if (Number.isInteger(asked) && asked >= 0) state.market = asked;
  switched("pair", "pair", "blue-orange");
  switched("density", "density", "compact");
  $("lengths").replaceChildren(...LENGTHS.map(([seconds, text]) => {
    const button = element("button", text, { type: "button", "aria-pressed": seconds === state.seconds });
    button.addEventListener("click", () => {
      state.seconds = seconds;
      for (const one of $("lengths").children) one.setAttribute("aria-pressed", one === button);
      live();
    });
    return button;
  }));
  live();
  clearing();
  setInterval(live, LIVE_MS);
  setInterval(draw_pulse, 250);
  setInterval(clearing, CLEARING_MS);
}

begin();
