import { resources, StubCloudFoundry } from "./stub-cloud-foundry.ts";

/** An access token for "admin" that lives until `exp` (seconds); nobody checks its signature. */
export function accessToken(exp = 4_000_000_000): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const claims = { exp, user_name: "admin", user_id: "user-guid", origin: "uaa", client_id: "cf" };
  return `${part({ alg: "RS256", typ: "JWT" })}.${part(claims)}.c2lnbmF0dXJl`;
}

export const app = {
  guid: "app-guid",
  name: "web-app",
  state: "STARTED",
  lifecycle: { type: "buildpack", data: { buildpacks: [], stack: "cflinuxfs4" } },
};

export const webProcess = {
  guid: "app-guid",
  type: "web",
  command: "npm start",
  instances: 1,
  memory_in_mb: 256,
  relationships: { app: { data: { guid: "app-guid" } } },
  process_instances: [{ index: 0, state: "RUNNING", since: 3 }],
};

export const runningInstance = {
  type: "web",
  index: 0,
  state: "RUNNING",
  uptime: 60,
  mem_quota: 268_435_456,
  disk_quota: 1_073_741_824,
  log_rate_limit: -1,
  details: null,
  routable: true,
  usage: { time: "x", cpu: 0.012, cpu_entitlement: 0.05, mem: 41_943_040, disk: 0, log_rate: 0 },
};

export const droplet = {
  guid: "droplet-guid",
  state: "STAGED",
  created_at: "2030-01-01T10:00:00Z",
  stack: "cflinuxfs4",
  buildpacks: [
    { name: "nodejs_buildpack", version: "1.8", detect_output: "nodejs", buildpack_name: "nodejs" },
  ],
};

export const route = {
  guid: "route-guid",
  host: "web-app",
  path: "",
  port: null,
  protocol: "http",
  url: "web-app.apps.localhost",
  destinations: [
    {
      guid: "destination-guid",
      app: { guid: "app-guid", process: { type: "web" } },
      protocol: "http1",
    },
  ],
  relationships: { space: { data: { guid: "space-guid" } }, domain: { data: { guid: "d" } } },
};

/** A Cloud Foundry with one org, one space and one running app, where every push goes well. */
export async function startStub(): Promise<StubCloudFoundry> {
  const stub = await StubCloudFoundry.start();
  addPlaces(stub);
  addApp(stub);
  addStaging(stub);
  return stub;
}

function addPlaces(stub: StubCloudFoundry): void {
  const { url } = stub;
  stub
    .on(/GET \//, () => ({
      json: {
        links: {
          cloud_controller_v3: { href: `${url}/v3`, meta: { version: "3.215.0" } },
          login: { href: `${url}/uaa` },
          uaa: { href: `${url}/uaa` },
          log_cache: { href: url },
          logging: null,
        },
      },
    }))
    .on(/GET \/uaa\/login/, () => ({
      json: {
        app: { version: "77.0.0" },
        prompts: { username: ["text", "Email"], password: ["password", "Password"] },
      },
    }))
    .on(/POST \/uaa\/oauth\/token/, () => ({
      json: { access_token: accessToken(), refresh_token: "refresh", token_type: "bearer" },
    }))
    .on(/GET \/v3\/organizations/, () => resources({ guid: "org-guid", name: "my-org" }))
    .on(/GET \/v3\/spaces/, () => resources({ guid: "space-guid", name: "my-space" }));
}

function addApp(stub: StubCloudFoundry): void {
  stub
    .on(/GET \/v3\/apps/, () => resources(app))
    .on(/GET \/v3\/apps\/app-guid\/processes/, () => resources(webProcess))
    .on(/GET \/v3\/processes/, () => resources(webProcess))
    .on(/GET \/v3\/processes\/app-guid/, () => ({ json: webProcess }))
    .on(/GET \/v3\/processes\/app-guid\/sidecars/, () => resources())
    .on(/GET \/v3\/processes\/app-guid\/stats/, () => resources(runningInstance))
    .on(/GET \/v3\/apps\/app-guid\/routes/, () => resources(route))
    .on(/GET \/v3\/routes/, () => resources(route))
    .on(/GET \/v3\/apps\/app-guid\/droplets\/current/, () => ({ json: droplet }))
    .on(/GET \/v3\/deployments/, () => resources())
    .on(/POST \/v3\/apps\/app-guid\/actions\/(start|stop|restart)/, () => ({ json: app }));
}

/** Staging log lines as log-cache gives them, all before the build is seen STAGED. */
const stagingLines = ["-----> Nodejs Buildpack", "-----> Done"];

function addStaging(stub: StubCloudFoundry): void {
  let asked = 0;
  stub
    .on(/POST \/v3\/spaces\/space-guid\/manifest_diff/, () => ({ status: 201, json: { diff: [] } }))
    .on(/POST \/v3\/spaces\/space-guid\/actions\/apply_manifest/, () => ({
      status: 202,
      headers: { location: `${stub.url}/v3/jobs/job-guid` },
    }))
    .on(/GET \/v3\/jobs\/job-guid/, () => ({ json: { guid: "job-guid", state: "COMPLETE" } }))
    .on(/POST \/v3\/resource_matches/, () => ({ status: 201, json: { resources: [] } }))
    .on(/POST \/v3\/packages/, () => ({
      status: 201,
      json: { guid: "pkg", state: "AWAITING_UPLOAD" },
    }))
    .on(/POST \/v3\/packages\/pkg\/upload/, () => ({
      json: { guid: "pkg", state: "PROCESSING_UPLOAD" },
    }))
    .on(/GET \/v3\/packages\/pkg/, () => ({ json: { guid: "pkg", state: "READY" } }))
    .on(/POST \/v3\/builds/, () => ({
      status: 201,
      json: { guid: "build-guid", state: "STAGING" },
    }))
    .on(/GET \/v3\/builds\/build-guid/, () => {
      asked += 1;
      const isStaged = asked > 1;
      return {
        json: {
          guid: "build-guid",
          state: isStaged ? "STAGED" : "STAGING",
          droplet: isStaged ? { guid: "droplet-guid" } : null,
        },
      };
    })
    .on(/GET \/v3\/droplets\/droplet-guid/, () => ({ json: droplet }))
    .on(/PATCH \/v3\/apps\/app-guid\/relationships\/current_droplet/, () => ({ json: {} }))
    .on(/GET \/api\/v1\/info/, () => ({ json: { version: "3.0.0", vm_uptime: "1" } }))
    .on(/GET \/api\/v1\/read\/app-guid/, ({ query }) => {
      if (query.get("limit") === "1") return { json: { envelopes: { batch: [] } } };
      return { json: { envelopes: { batch: stagingLines.map(stagingEnvelope) } } };
    });
}

function stagingEnvelope(text: string, index: number): unknown {
  return {
    timestamp: String(1_800_000_000_000_000_000n + BigInt(index)),
    source_id: "app-guid",
    instance_id: "0",
    deprecated_tags: {},
    tags: { source_type: "STG" },
    log: { payload: Buffer.from(text).toString("base64"), type: "OUT" },
  };
}
