import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { stringify } from "yaml";
import { firstSpace } from "../testing/tenants.ts";
import { TestCloudController } from "../testing/test-cloud-controller.ts";

const size = fc.integer({ min: 32, max: 512 }).map((mb) => `${mb}M`);
const seconds = fc.integer({ min: 1, max: 100 });
const text = fc
  .string({ minLength: 1, maxLength: 20 })
  .filter((value) => /^[^\p{C}]+$/u.test(value));
const key = fc
  .stringMatching(/^[A-Z][A-Z0-9_]{0,10}$/)
  .filter((name) => !/^(VCAP_|VMC|PORT$)/.test(name));
const label = fc.stringMatching(/^[a-z][a-z0-9]{0,8}$/);

/** Few, since labels stay on the app from one run to the next and there is a limit. */
const metadataKey = fc.constantFrom("tier", "team", "a.b/c");

const check = (prefix: string) =>
  fc.oneof(
    fc.constant({ [`${prefix}-type`]: "process" }),
    fc.record({
      [`${prefix}-type`]: fc.constant("port"),
      [`${prefix}-interval`]: seconds,
    }),
    fc.record({
      [`${prefix}-type`]: fc.constant("http"),
      [`${prefix}-http-endpoint`]: label.map((path) => `/${path}`),
      [`${prefix}-invocation-timeout`]: seconds,
    }),
  );

const process = (type: string) =>
  fc
    .tuple(
      fc.record(
        {
          instances: fc.nat({ max: 5 }),
          memory: size,
          disk_quota: size,
          "log-rate-limit-per-second": fc.constantFrom(-1, "1K", "16M", "3B"),
          command: text.filter((command) => command !== "null" && command !== "default"),
          timeout: seconds,
        },
        { requiredKeys: [] },
      ),
      check("health-check"),
      check("readiness-health-check"),
    )
    .map((parts) => Object.assign({ type }, ...parts));

const application = fc.record(
  {
    name: fc.constantFrom("one", "two"),
    env: fc.dictionary(key, text, { minKeys: 1, maxKeys: 4 }),
    features: fc.record({ ssh: fc.boolean(), revisions: fc.boolean() }),
    metadata: fc.record({
      labels: fc.dictionary(metadataKey, label, { minKeys: 1, maxKeys: 3 }),
      annotations: fc.dictionary(metadataKey, text, { minKeys: 1, maxKeys: 3 }),
    }),
    routes: fc.uniqueArray(
      fc.record(
        {
          route: label.map((host) => `${host}.apps.localhost`),
          protocol: fc.constantFrom("http1", "http2"),
          options: fc.constantFrom(
            { loadbalancing: "round-robin" },
            { loadbalancing: "least-connection" },
          ),
        },
        { requiredKeys: ["route"] },
      ),
      { selector: ({ route }) => route, minLength: 1, maxLength: 3 },
    ),
    processes: fc.tuple(process("web"), process("worker")),
    sidecars: fc.uniqueArray(
      fc.record({
        name: label,
        process_types: fc.constant(["web"]),
        command: text.filter((command) => command.trim() !== ""),
      }),
      { selector: ({ name }) => name, minLength: 1, maxLength: 2 },
    ),
  },
  { requiredKeys: ["name"] },
);

test("whatever a manifest made, the app's own manifest says: it is no difference, and applying it is none", async () => {
  await using cc = await TestCloudController.start();
  const admin = await cc.admin();
  const { spaceGuid } = await firstSpace(admin);
  const headers = { "content-type": "application/x-yaml" };
  const post = (action: string, manifest: string) =>
    admin.send("POST", `/v3/spaces/${spaceGuid}/${action}`, manifest, headers);

  await fc.assert(
    fc.asyncProperty(application, async (wanted) => {
      const given = stringify({ applications: [wanted] }, { aliasDuplicateObjects: false });
      const job = await admin.job(await post("actions/apply_manifest", given));
      assert.equal(job.json.state, "COMPLETE", `${given}${job.text}`);
      const [app] = (await admin.get(`/v3/apps?names=${wanted.name}`)).json.resources;
      const read = async () => (await admin.get(`/v3/apps/${app.guid}/manifest`)).text;
      const made = await read();

      assert.deepEqual((await post("manifest_diff", given)).json.diff, [], `${given}${made}`);
      assert.deepEqual((await post("manifest_diff", made)).json.diff, [], made);
      await admin.job(await post("actions/apply_manifest", made));
      assert.equal(await read(), made);
    }),
    { numRuns: 20 },
  );
});
