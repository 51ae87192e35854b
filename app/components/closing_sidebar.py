"""On a phone the list of pages covers the page: it goes away once one is chosen."""

from __future__ import annotations

from streamlit.components.v2 import component

_component = component(
    "causalpima_closing_sidebar",
    html="<span hidden></span>",
    js="""
const NARROW = "(max-width: 768px)";
export default function ({ parentElement }) {
  const sidebar = document.querySelector('[data-testid="stSidebar"]');
  if (!sidebar || sidebar.dataset.closes) return;
  sidebar.dataset.closes = "yes";
  sidebar.addEventListener("click", ({ target }) => {
    if (!target.closest("a") || !window.matchMedia(NARROW).matches) return;
    sidebar.querySelector('[data-testid="stSidebarCollapseButton"] button')?.click();
  });
}
""",
)


def closing_sidebar() -> None:
    """Attach to the sidebar, once in a browser."""
    _component(key="closing_sidebar", height=0)
