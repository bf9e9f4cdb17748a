# The service alone: docker build --tag osteocds . ; with a FHIR server beside it: docker-compose.yml
# One content of the base, by its digest: deploy/images.env

ARG PYTHON_IMAGE=python:3.11.15-slim-bookworm

FROM ${PYTHON_IMAGE} AS build
WORKDIR /build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
COPY requirements.lock requirements-build.lock ./
RUN python -m venv /opt/osteocds \
    && /opt/osteocds/bin/pip install --quiet --require-hashes --requirement requirements.lock \
    && python -m venv tools \
    && tools/bin/pip install --quiet --require-hashes --requirement requirements-build.lock
COPY pyproject.toml README.md LICENSE ./
COPY deploy/under_one_name.py deploy/under_one_name.py
COPY cds_hooks cds_hooks
COPY mappings mappings
COPY service service
RUN tools/bin/pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist . \
    && /opt/osteocds/bin/pip install --quiet --no-deps --no-index dist/*.whl \
    && /opt/osteocds/bin/python -m pip uninstall --quiet --yes setuptools pip

FROM ${PYTHON_IMAGE}
COPY --from=build /opt/osteocds /opt/osteocds
RUN useradd --uid 10001 --no-create-home --home-dir /var/lib/osteocds --shell /usr/sbin/nologin osteocds \
    && install --directory --owner=osteocds --group=osteocds /var/lib/osteocds
USER 10001
WORKDIR /var/lib/osteocds
VOLUME /var/lib/osteocds
# In the container every address is the container's own; who may reach it is said where its port is published.
ENV PATH=/opt/osteocds/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    OSTEOCDS_HOST=0.0.0.0 \
    OSTEOCDS_PORT=8080 \
    OSTEOCDS_DATABASE_URL=sqlite:////var/lib/osteocds/osteocds.sqlite3
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["python", "-c", "\
import http.client, os, sys; \
asked = http.client.HTTPConnection('127.0.0.1', int(os.environ['OSTEOCDS_PORT']), timeout=4); \
asked.request('GET', '/health/ready'); \
sys.exit(asked.getresponse().status != 200)"]
CMD ["osteocds", "serve"]
