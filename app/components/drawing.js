// What every drawn graph needs; the components put it before their own script.
const LIBRARY = "app/static/vis-network.min.js";

function library() {
  window.causalpimaVis ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = new URL(LIBRARY, document.baseURI);
    script.onload = () => resolve(window.vis);
    script.onerror = () => reject(new Error("The drawing library could not be loaded."));
    document.head.append(script);
  });
  return window.causalpimaVis;
}

function inks(host) {
  const style = getComputedStyle(host);
  return {
    face: style.fontFamily || "sans-serif",
    text: style.getPropertyValue("--st-text-color").trim() || "#333",
    back: style.getPropertyValue("--st-background-color").trim() || "#fff",
    accent: style.getPropertyValue("--st-primary-color").trim() || "#06c",
  };
}

// Only what changed is drawn again; a place a person gave a node is never touched.
function synchronise(set, wanted) {
  const keep = new Set(wanted.map((item) => item.id));
  set.remove(set.getIds().filter((id) => !keep.has(id)));
  set.update(wanted);
}

function fit(network) {
  network.fit({ maxZoomLevel: 1.25 });
  network.moveTo({ scale: network.getScale() * 0.85 });  // room for the labels
}

// `create(host, vis)` makes the drawing once; where that fails, a sentence takes its place.
function whenLoaded(host, create) {
  library().then((vis) => create(host, vis)).catch((error) => {
    host.innerHTML = '<div class="message"></div>';
    host.firstChild.textContent = `${error.message} Reload the page.`;
  });
}

