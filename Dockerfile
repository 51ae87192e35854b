FROM python:3.11-slim
RUN useradd --create-home scientist
WORKDIR /opt/causalpima
COPY . .
RUN pip install --no-cache-dir -r requirements.txt
USER scientist
ENV CAUSALPIMA_WORKSPACE=/home/scientist/causalpima-workspace
RUN mkdir "$CAUSALPIMA_WORKSPACE"
VOLUME ["/home/scientist/causalpima-workspace"]
EXPOSE 8501
HEALTHCHECK --start-period=30s CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8501/_stcore/health', timeout=5)"]
CMD ["streamlit", "run", "app/main.py", "--server.address=0.0.0.0", "--server.port=8501"]
