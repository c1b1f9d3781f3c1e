# The program as one binary, with what it runs: git, ssh, gpg, and a shell that bounds what these take.
#   docker build --tag meshwright:0.1.0 --build-arg COMMIT=$(git rev-parse HEAD) .
# Images are named by exact versions. Their digests were not known where this was written: who builds for others adds
# `@sha256:…` of what was looked at. No `# syntax` line: it would fetch and run a parser from a registry, by a tag.

FROM denoland/deno:bin-2.9.6 AS deno

FROM debian:13.2-slim AS build
RUN apt-get update \
  && apt-get install --yes --no-install-recommends ca-certificates git \
  && rm -rf /var/lib/apt/lists/*
COPY --from=deno /deno /usr/local/bin/deno
WORKDIR /source
COPY . .
RUN deno run --allow-all --frozen scripts/compile.ts --output /meshwright

FROM debian:13.2-slim
RUN apt-get update \
  && apt-get install --yes --no-install-recommends ca-certificates git gpg openssh-client \
  && rm -rf /var/lib/apt/lists/* \
  # ssh wants to know its user by name.
  && groupadd --gid 65532 meshwright \
  && useradd --uid 65532 --gid 65532 --home-dir /var/cache/meshwright --shell /usr/sbin/nologin meshwright \
  && install --directory --owner=65532 --group=65532 --mode=0700 /var/cache/meshwright
COPY --from=build /meshwright /usr/local/bin/meshwright
COPY LICENSE /usr/share/doc/meshwright/LICENSE
ARG COMMIT=unknown
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="Meshwright" \
  org.opencontainers.image.description="Pulsar functions and connectors on Kubernetes, straight from Git" \
  org.opencontainers.image.licenses="Apache-2.0" \
  org.opencontainers.image.revision="${COMMIT}" \
  org.opencontainers.image.version="${VERSION}"
# Two stores of memory for all threads: one of each thread's own takes more and gives back less. What is large goes back to
# the system at once.
ENV HOME=/var/cache/meshwright MALLOC_ARENA_MAX=2 \
  MALLOC_MMAP_THRESHOLD_=131072 MALLOC_TRIM_THRESHOLD_=262144
USER 65532:65532
# metrics, health, webhook
EXPOSE 8080 8000 9443
ENTRYPOINT ["/usr/local/bin/meshwright"]
CMD ["run"]
