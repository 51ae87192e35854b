const FORBIDDEN = "#D55E00";
const LETTERS = 15;
// Draws the graph once and then updates it in place, so that positions and zoom are kept.
const SHAFT = '<path d="M1 6H27" stroke="currentColor" fill="none" stroke-width="2"';
const LEGENDS = {
  forming: [
    [`<svg>${SHAFT} opacity=".45"/></svg>`, "opacity = weight of the edge at this moment"],
    ['<svg><path d="M1 6H24" stroke="currentColor" stroke-width="2"/><path d="M22 2l6 4-6 4z" fill="currentColor"/></svg>',
      "arrow = where the weight points now; which directions the data fix is decided last"],
  ],
  decided: [
    ['<svg><path d="M1 6H24" stroke="currentColor" stroke-width="2"/><path d="M22 2l6 4-6 4z" fill="currentColor"/></svg>',
      "compelled: every equally good graph has this direction"],
    [`<svg>${SHAFT} stroke-dasharray="5 4"/></svg>`, "reversible: dependent, direction not determined"],
    ['<svg><circle cx="14" cy="6" r="5" fill="none" stroke="currentColor" stroke-dasharray="3 2"/></svg>',
      "dashed rim: node weakly separated"],
  ],
  given: [
    ["<svg></svg>", "required, tiers: the edge, or its direction, was given beforehand"],
    [`<svg><path d="M1 6H27" stroke="${FORBIDDEN}" stroke-width="2" stroke-dasharray="2 5"/></svg>`,
      "forbidden beforehand"],
  ],
};

// A graph of many nodes is drawn small, but what is written must stay readable.
function lettering(network) {
  return Math.min(26, Math.max(LETTERS, 12 / network.getScale()));
}

function drawnNode(node, ink, selected, letters) {
  const chosen = node.id === selected;
  return {
    id: node.id, label: node.label, title: node.title, shape: "dot", size: letters + 2,
    borderWidth: chosen ? 4 : 2,
    color: { background: node.colour, border: chosen ? ink.text : node.weak ? ink.text : node.colour,
      highlight: { background: node.colour, border: ink.text } },
    shapeProperties: { borderDashes: node.weak ? [4, 3] : false },
    // A label lies on the outer side of its node, where no edges are.
    font: { vadjust: node.y < -1 ? -5.5 * letters : 0, face: ink.face, color: ink.text, size: letters,
      strokeWidth: 5, strokeColor: ink.back },
  };
}

function drawnEdge(edge, ink, selected, letters) {
  const reversible = edge.kind === "reversible";
  const lettered = { face: ink.face, size: letters - 1, strokeWidth: 5, strokeColor: ink.back };
  if (edge.kind === "forbidden") {
    return {
      id: edge.id, from: edge.source, to: edge.target, title: edge.title, width: 2, label: "✕",
      dashes: [2, 6], arrows: { to: { enabled: true, scaleFactor: 0.6 } },
      font: { ...lettered, color: FORBIDDEN },
      color: { color: FORBIDDEN, highlight: FORBIDDEN, hover: FORBIDDEN, inherit: false, opacity: 1 },
      smooth: { enabled: true, type: "curvedCCW", roundness: 0.2 },
    };
  }
  return {
    label: edge.given || undefined, font: { ...lettered, color: ink.text },
    id: edge.id, from: edge.source, to: edge.target, title: edge.title,
    width: edge.id === selected ? 4 : 2.2,
    dashes: reversible ? [9, 6] : false,
    arrows: { to: { enabled: !reversible, scaleFactor: edge.kind === "forming" ? 0.55 : 0.85 } },
    color: { color: ink.text, highlight: ink.accent, hover: ink.accent, inherit: false,
      opacity: Math.max(0.04, edge.opacity) },
    smooth: { enabled: true, type: "curvedCW", roundness: 0.12 },
  };
}

function describe(host, data) {
  host.dataset.nodeCount = data.nodes.length;
  host.dataset.forming = data.forming;
  host.dataset.edges = JSON.stringify(data.edges.map(
    ({ id, source, target, kind, opacity }) => ({ id, source, target, kind, opacity })));
  const told = data.edges.map(
    (e) => [`${e.source} to ${e.target}`, e.kind, e.given].filter(Boolean).join(", ")).join("; ");
  host.setAttribute("role", "img");
  host.setAttribute("aria-label",
    `Graph of ${data.nodes.length} nodes. ${told ? "Edges: " + told : "No edges"}.`);
}

function explain(legend, data) {
  const given = data.edges.some((edge) => edge.given || edge.kind === "forbidden");
  const kinds = [data.forming ? "forming" : "decided", ...(given ? ["given"] : [])];
  if (legend.dataset.kind === kinds.join()) return;
  legend.dataset.kind = kinds.join();
  legend.innerHTML = kinds.flatMap((kind) => LEGENDS[kind]).map(([mark, text]) => `<span>${mark}${text}</span>`).join("");
}

function create(host, vis) {
  const state = host.causalpima;
  state.nodes = new vis.DataSet();
  state.edges = new vis.DataSet();
  state.letters = LETTERS;
  const ink = inks(host);
  state.nodes.add(state.data.nodes.map(
    (node) => ({ ...drawnNode(node, ink, state.data.selected, LETTERS), x: node.x, y: node.y })));
  const fine = !window.matchMedia("(pointer: coarse)").matches;
  state.network = new vis.Network(host, { nodes: state.nodes, edges: state.edges }, {
    physics: false,
    interaction: { hover: true, dragView: fine, dragNodes: fine, tooltipDelay: 120,
      keyboard: { enabled: true, bindToWindow: false } },
  });
  state.network.on("click", ({ nodes, edges }) => {
    if (nodes.length) state.send("clicked", { node: nodes[0] });
    else if (edges.length && !edges[0].startsWith("forbidden:")) state.send("clicked", { edge: edges[0] });
  });
  // The wheel belongs to the page unless Ctrl is held, as on a map.
  host.addEventListener("wheel", (event) => { if (!event.ctrlKey) event.stopPropagation(); },
    { capture: true });
  draw(host);
  const refit = () => {
    fit(state.network);
    state.letters = lettering(state.network);
    draw(host);
    fit(state.network);
  };
  state.network.once("afterDrawing", refit);
  new ResizeObserver(refit).observe(host);
}

function draw(host) {
  const { data, nodes, edges, letters } = host.causalpima;
  const ink = inks(host);
  synchronise(nodes, data.nodes.map((node) => {
    const drawn = drawnNode(node, ink, data.selected, letters);
    return nodes.get(node.id) ? drawn : { ...drawn, x: node.x, y: node.y };
  }));
  synchronise(edges, data.edges.map((edge) => drawnEdge(edge, ink, data.selected, letters)));
}

export default function ({ parentElement, data, setTriggerValue }) {
  const host = parentElement.querySelector(".graph");
  const first = !host.causalpima;
  host.causalpima ??= {};
  Object.assign(host.causalpima, { data, send: setTriggerValue });
  describe(host, data);
  explain(parentElement.querySelector(".legend"), data);
  if (host.causalpima.network) draw(host);
  if (!first) return;
  whenLoaded(host, create);
}
