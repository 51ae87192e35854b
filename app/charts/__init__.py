"""Plain records to figures, pictures and tables; no streamlit, so everything here is testable."""
