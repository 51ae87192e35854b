// Two clicks, on one node and then on another, name an edge; Python says what becomes of it.
const FORBIDDEN = "#D55E00";
const BAND = 132;

function node(item, ink, picked) {
  const chosen = item.id === picked;
  return {
    id: item.id, label: item.id, x: item.x, y: item.y, shape: "dot", size: 17,
    borderWidth: chosen ? 5 : 2,
    color: { background: item.colour, border: chosen ? ink.text : item.colour,
      hover: { background: item.colour, border: ink.text } },
    font: { face: ink.face, color: ink.text, size: 15, strokeWidth: 5, strokeColor: ink.back },
  };
}

function edge(item, ink) {
  const required = item.kind === "required";
  const colour = required ? ink.text : FORBIDDEN;
  return {
    id: item.id, from: item.source, to: item.target, width: 2.2,
    label: required ? "" : "✕", dashes: required ? false : [2, 6],
    font: { face: ink.face, color: FORBIDDEN, size: 20, strokeWidth: 6, strokeColor: ink.back },
    arrows: { to: { enabled: true, scaleFactor: required ? 0.85 : 0.6 } },
    color: { color: colour, hover: colour, highlight: colour, inherit: false },
    smooth: { enabled: true, type: "curvedCW", roundness: 0.16 },
  };
}

function bands(context, host) {
  const { data } = host.causalpima;
  const [top, bottom] = [-62, data.bottom + 52];
  const ink = inks(host);
  context.save();
  context.textAlign = "center";
  context.font = `14px ${ink.face}`;
  context.fillStyle = ink.text;
  for (const { x, label } of data.tiers) {
    context.globalAlpha = 0.07;
    context.fillRect(x - BAND / 2, top, BAND, bottom - top);
    context.globalAlpha = 0.8;
    context.fillText(label, x, top + 20);
  }
  context.restore();
}

function hint(host) {
  const { picked, data } = host.causalpima;
  const alone = data.nodes.length < 2;
  const idle = "Click a node, then another: the edge between them becomes required, then " +
    "forbidden, then free again.";
  host.parentElement.querySelector(".hint").textContent =
    alone ? "One node has no edges." : picked ? `From ${picked} to … Click another node.` : idle;
}

function clicked(host, { nodes: [name], edges: [line] }) {
  const state = host.causalpima;
  const { edges } = state.data;
  const from = state.picked;
  state.picked = name && !from ? name : null;
  if (name && from && name !== from) state.send("pair", [from, name]);
  if (!name && line) {
    const { source, target } = edges.find(({ id }) => id === line);
    state.send("pair", [source, target]);
  }
  state.network.unselectAll();
  draw(host);
}

function draw(host) {
  const { data, nodes, edges, network, picked, shape } = host.causalpima;
  const ink = inks(host);
  synchronise(nodes, data.nodes.map((item) => node(item, ink, picked)));
  synchronise(edges, data.edges.map((item) => edge(item, ink)));
  hint(host);
  const places = JSON.stringify(data.nodes.map(({ id, x, y }) => [id, x, y]));
  if (shape !== places) place(host);
  host.causalpima.shape = places;
}

// The columns reach beyond the nodes, above all upwards.
function place({ causalpima: { network, data } }) {
  fit(network);
  if (data.tiers.length) network.moveTo({ scale: network.getScale() * 0.85, offset: { x: 0, y: 10 } });
}

function describe(host, data) {
  const told = data.edges.map(({ source, target, kind }) => `${source} to ${target} ${kind}`);
  host.setAttribute("role", "img");
  host.setAttribute("aria-label",
    `Graph of what is known: ${told.join("; ") || "no edges"}. The table below says and sets the same.`);
  host.dataset.edges = JSON.stringify(data.edges);
  host.parentElement.querySelector(".tiers").hidden = !data.tiers.length;
}

function create(host, vis) {
  const state = host.causalpima;
  state.nodes = new vis.DataSet();
  state.edges = new vis.DataSet();
  state.network = new vis.Network(host, { nodes: state.nodes, edges: state.edges }, {
    physics: false,
    interaction: { hover: true, dragNodes: false, dragView: false, zoomView: false },
  });
  state.network.on("beforeDrawing", (context) => bands(context, host));
  state.network.on("click", (event) => clicked(host, event));
  new ResizeObserver(() => place(host)).observe(host);
  draw(host);
}

export default function ({ parentElement, data, setTriggerValue }) {
  const host = parentElement.querySelector(".graph");
  const first = !host.causalpima;
  host.causalpima ??= { picked: null };
  Object.assign(host.causalpima, { data, send: setTriggerValue });
  describe(host, data);
  if (host.causalpima.network) draw(host);
  if (first) whenLoaded(host, create);
}
