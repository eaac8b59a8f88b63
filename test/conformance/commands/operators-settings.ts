import assert from "node:assert/strict";
import type { Command } from "../command.ts";
import * as reads from "../reads.ts";

type Group = "running" | "staging";

const groupPath = (group: Group) => `/v3/environment_variable_groups/${group}`;

const setGroup = (group: Group): Command => ({
  name: `set-${group}-environment-variable-group`,
  async wire({ wire }) {
    const before = await wire.get(reads.variables, groupPath(group));
    const variables = { ...before.var, X_GROUP: "1" };
    const changed = await wire.patch(reads.variables, groupPath(group), { var: variables });
    assert.deepEqual(changed.var, variables);
  },
  async client({ cf, api }) {
    // The client takes away what stands and is not given.
    const before = (await api("GET", groupPath(group))).json.var;
    const variables = { ...before, X_GROUP: "1" };
    const out = await cf(`set-${group}-environment-variable-group`, JSON.stringify(variables));
    assert.match(
      out,
      new RegExp(
        `Setting the contents of the ${group} environment variable group as admin\\.\\.\\.\\nOK`,
      ),
    );
    assert.deepEqual((await api("GET", groupPath(group))).json.var, variables);
  },
});

const showGroup = (group: Group): Command => ({
  name: `${group}-environment-variable-group`,
  async wire({ wire }) {
    const shown = await wire.get(reads.variables, groupPath(group));
    assert.equal(shown.var["X_GROUP"], "1");
  },
  async client({ cf }) {
    assert.match(
      await cf(`${group}-environment-variable-group`),
      new RegExp(
        `Getting the ${group} environment variable group as admin\\.\\.\\.\\n\\nvariable name\\s+assigned value\\n(.+\\n)*X_GROUP\\s+1\\n`,
      ),
    );
  },
});

const turnFlag = (name: string, enabled: boolean, said: RegExp): Command => ({
  name,
  async wire({ wire }) {
    const flag = "route_sharing";
    const changed = await wire.patch(reads.feature, `/v3/feature_flags/${flag}`, { enabled });
    assert.deepEqual([changed.name, changed.enabled], [flag, enabled]);
  },
  async client({ cf, cfFails, api }) {
    assert.match(await cf(name, "route_sharing"), said);
    const { json } = await api("GET", "/v3/feature_flags/route_sharing");
    assert.equal(json.enabled, enabled);
    assert.match(await cfFails(name, "nope"), /Feature flag 'nope' not found\./);
  },
});

export const operatorsSettings: readonly Command[] = [
  setGroup("running"),
  showGroup("running"),
  setGroup("staging"),
  showGroup("staging"),
  turnFlag("enable-feature-flag", true, /Enabling feature flag route_sharing as admin\.\.\.\nOK/),
  {
    name: "feature-flags",
    async wire({ wire }) {
      const names = (await wire.list(reads.feature, "/v3/feature_flags")).map(({ name }) => name);
      for (const name of ["app_scaling", "diego_docker", "task_creation", "user_org_creation"]) {
        assert.ok(names.includes(name), name);
      }
    },
    async client({ cf }) {
      assert.match(
        await cf("feature-flags"),
        /Getting feature flags as admin\.\.\.\n\nname\s+state\n[^]*app_scaling\s+enabled\n[^]*diego_docker\s+disabled\n/,
      );
    },
  },
  {
    name: "feature-flag",
    async wire({ wire }) {
      assert.equal(
        (await wire.get(reads.feature, "/v3/feature_flags/diego_docker")).enabled,
        false,
      );
      await wire.refused("GET", "/v3/feature_flags/nope", {
        status: 404,
        detail: /^Feature flag not found$/,
      });
    },
    async client({ cf, cfFails }) {
      assert.match(
        await cf("feature-flag", "diego_docker"),
        /Getting info for feature flag diego_docker as admin\.\.\.\n\nFeatures\s+State\ndiego_docker\s+disabled|name\s+state\ndiego_docker\s+disabled/i,
      );
      assert.match(await cfFails("feature-flag", "nope"), /Feature flag 'nope' not found\./);
    },
  },
  turnFlag(
    "disable-feature-flag",
    false,
    /Disabling feature flag route_sharing as admin\.\.\.\nOK/,
  ),
];
