# The server with its dashboard, without the embedded database: containers have a Postgres beside them.

FROM node:22-bookworm-slim AS web
WORKDIR /src/web
COPY packages/client/package.json /src/packages/client/
COPY web/package.json web/package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY packages/client/src /src/packages/client/src
COPY web ./
RUN npm run build

FROM rust:1.95-slim-bookworm AS server
# The image has a C compiler and nothing else; jemalloc builds itself with make.
RUN apt-get update \
    && apt-get install -y --no-install-recommends make \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY Cargo.toml Cargo.lock ./
COPY crates crates
COPY migrations migrations
COPY --from=web /src/web/dist web/dist
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked -p owlpost --no-default-features --features jemalloc \
    && cp target/release/owlpost /usr/local/bin/owlpost

FROM debian:bookworm-slim
RUN useradd --system --uid 10001 --no-create-home owlpost
COPY --from=server /usr/local/bin/owlpost /usr/local/bin/owlpost
COPY LICENSE /usr/share/doc/owlpost/LICENSE
USER owlpost
ENV SOCKET_IO_HOST=0.0.0.0 LOG_FORMAT=json
EXPOSE 4001
# Stopped with SIGTERM, the server finishes requests and takes leave within 30 s.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["bash", "-c", \
    "exec 3<>/dev/tcp/127.0.0.1/${SOCKET_IO_PORT:-4001} && printf 'GET /health HTTP/1.0\\r\\n\\r\\n' >&3 && head -n 1 <&3 | grep -q ' 200 '"]
ENTRYPOINT ["owlpost"]
CMD ["serve"]
