"""The Streamlit app: it reads what the worker has written and starts or stops workers."""
