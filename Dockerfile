# The service for any x86_64 or arm64 machine. Keys are needed, since it is reached from outside:
#
#   docker build -t dateline .
#   docker run -p 8000:8000 -e DATELINE_API_KEYS=... -v dateline-data:/data \
#       -v dateline-models:/models dateline

FROM python:3.11-slim AS build
RUN apt-get update \
    && apt-get install --yes --no-install-recommends gcc g++ \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /build
COPY requirements.build.lock requirements.lock ./
RUN python -m venv tools \
    && tools/bin/pip install --no-cache-dir --require-hashes -r requirements.build.lock
# llama.cpp as in the Makefile, but not for the processor of the machine that builds: its CPU code
# is compiled once for each generation of processors, and the best is chosen when the service starts
# (llama_backend_init loads what lies in GGML_BACKEND_DIR).
RUN echo "set(LLAMA_BUILD_COMMON OFF)" > llama.cmake \
    && export PATH="/build/tools/bin:$PATH" CMAKE_ARGS="-DLLAVA_BUILD=OFF \
        -DCMAKE_PROJECT_INCLUDE=/build/llama.cmake -DGGML_NATIVE=OFF -DGGML_BACKEND_DL=ON \
        -DGGML_CPU_ALL_VARIANTS=ON -DGGML_BACKEND_DIR=/usr/local/lib/ggml" \
    && pip wheel --no-cache-dir --require-hashes --no-build-isolation --wheel-dir wheels \
        -r requirements.lock \
    && pip wheel --no-cache-dir --require-hashes --wheel-dir wheels -r requirements.build.lock
# Of those wheels only what the service itself needs is installed: no test tools, no compilers.
COPY . /app
RUN python -m venv /venv \
    && tools/bin/pip --python /venv/bin/python install --no-cache-dir --no-index \
        --find-links /build/wheels --editable /app

FROM python:3.11-slim
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libgomp1 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 10001 dateline \
    && install --directory --owner dateline /data /models
COPY --from=build /usr/local/lib/ggml /usr/local/lib/ggml
COPY --from=build /venv /venv
COPY --from=build /app /app
ENV PATH="/venv/bin:$PATH" PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    DATELINE_DATA_DIR=/data DATELINE_MODELS_DIR=/models
USER dateline
WORKDIR /data
VOLUME ["/data", "/models"]
EXPOSE 8000
# The first start fetches the models (1.1 GB); later ones find them in the volume.
HEALTHCHECK --start-period=15m --interval=30s --timeout=5s CMD ["python", "-c", \
    "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/livez', timeout=4)"]
CMD ["sh", "-c", "dateline models pull && exec dateline serve --host 0.0.0.0"]
