# The image of every role. Pin the base by digest where you build:
#   docker build --build-arg BASE_IMAGE=docker.io/library/python:3.11-slim-bookworm@sha256:... .
# Behind a proxy that inspects TLS, add its CA: --secret id=ca,src=/path/to/ca.pem (it does not enter the image).
# checkov:skip=CKV_DOCKER_7: it does not read the tag out of the argument; a test does.
ARG BASE_IMAGE=docker.io/library/python:3.11-slim-bookworm

FROM ${BASE_IMAGE} AS build
WORKDIR /srv
COPY requirements.lock ./
# An empty venv, filled from outside: pip itself is not needed at run time. Compiled here, for the root file system
# is read-only later; unchecked, so that no file time matters.
RUN --mount=type=secret,id=ca \
    if [ -s /run/secrets/ca ]; then export PIP_CERT=/run/secrets/ca; fi \
    && python3 -m venv --without-pip /opt/venv \
    && python3 -m pip --python /opt/venv/bin/python --disable-pip-version-check \
        install --no-cache-dir --no-compile --require-hashes --only-binary :all: -r requirements.lock \
    && rm requirements.lock \
    && /opt/venv/bin/python -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/venv/lib
COPY app app
COPY migrations migrations
RUN /opt/venv/bin/python -m compileall -q --invalidation-mode unchecked-hash app migrations \
    && mkdir /data

FROM ${BASE_IMAGE}
ARG VERSION=dev
ARG REVISION=unknown
LABEL org.opencontainers.image.title="erp-vtex-bridge" \
      org.opencontainers.image.description="A durable bridge between an ERP and a VTEX store" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    BRIDGE_CONFIG=/etc/erp-vtex-bridge/bridge.toml
COPY --from=build /opt/venv /opt/venv
COPY --from=build /srv /srv
# Where `bridge all` keeps its SQLite file; a volume mounted here takes over this owner.
COPY --from=build --chown=10001:10001 /data /data
WORKDIR /srv
USER 10001:10001
EXPOSE 8080
STOPSIGNAL SIGTERM
# http.client, not urlopen: the latter would ask a configured HTTP proxy for our own address.
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 CMD ["python", "-c", "import http.client, os, sys; c = http.client.HTTPConnection('127.0.0.1', int(os.environ.get('BRIDGE_SERVER__PORT', '8080')), timeout=2); c.request('GET', '/healthz'); sys.exit(c.getresponse().status != 200)"]
ENTRYPOINT ["python", "-m", "app"]
CMD ["all"]
