// Shows a sample's picture or curve beside the pointer while it is over a point of a chart.
const SCALE = 3;

function chartUnder(target, data) {
  const place = target.closest?.(`.st-key-${data.chart}`);
  return place && target.closest(".js-plotly-plot");
}

function positions(data) {
  return new Map(data.rows.map((row, place) => [row, place]));
}

function showImage(host, data, place) {
  const { size, columns } = data;
  const picture = host.querySelector(".picture");
  picture.style.width = `${size[0] * SCALE}px`;
  picture.style.height = `${size[1] * SCALE}px`;
  picture.style.backgroundImage = `url(${data.sheet})`;
  picture.style.backgroundSize = `${columns * size[0] * SCALE}px auto`;
  picture.style.backgroundPosition =
    `-${(place % columns) * size[0] * SCALE}px -${Math.floor(place / columns) * size[1] * SCALE}px`;
}

function showCurve(host, data, place) {
  const heights = data.curves[place];
  const points = heights.map((h, i) => `${(i / (heights.length - 1)) * 120},${64 - h * 0.6}`);
  host.querySelector(".picture").innerHTML =
    `<svg viewBox="0 0 120 68"><polyline points="${points.join(" ")}"/></svg>`;
}

function place(host, event) {
  const near = { x: event.clientX + 18, y: event.clientY + 18 };
  const box = host.getBoundingClientRect();
  host.style.left = `${Math.min(near.x, window.innerWidth - box.width - 8)}px`;
  host.style.top = `${Math.min(near.y, window.innerHeight - box.height - 8)}px`;
}

export default function ({ parentElement, data }) {
  const host = parentElement.querySelector(".hover");
  const places = positions(data);
  const watched = new WeakSet();
  const hide = () => { host.hidden = true; };

  function show({ points, event }) {
    const told = points[0]?.customdata;
    const row = told?.[0];
    const at = places.get(row);
    if (at === undefined) return hide();
    host.querySelector(".label").textContent = `sample ${row}`;
    if (data.sheet) showImage(host, data, at);
    else showCurve(host, data, at);
    host.hidden = false;
    place(host, event);
  }

  function watch(event) {
    const chart = chartUnder(event.target, data);
    if (!chart || watched.has(chart) || !chart.on) return;
    watched.add(chart);
    chart.on("plotly_hover", show);
    chart.on("plotly_unhover", hide);
  }

  document.addEventListener("pointerover", watch);
  return () => { document.removeEventListener("pointerover", watch); hide(); };
}
