import assert from "node:assert/strict";
import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { clientVersion } from "../version.ts";
import { ClientConfig } from "./client-config.ts";

test("a config is written for its owner only, whole, and read back", async () => {
  await using home = await temporaryFolder();
  const config = await ClientConfig.load(home.path);
  config.setTokens({ accessToken: "bearer a", refreshToken: "r" });
  config.setOrganization({ guid: "og", name: "org" });
  config.setSpace({ guid: "sg", name: "space" });
  await config.save();

  const folder = path.join(home.path, ".rivera");
  assert.deepEqual(await readdir(folder), ["config.json"]);
  assert.equal((await stat(path.join(folder, "config.json"))).mode & 0o777, 0o600);
  const again = await ClientConfig.load(home.path);
  assert.equal(again.values.AccessToken, "bearer a");
  assert.deepEqual(again.organization, { guid: "og", name: "org" });
  assert.deepEqual(again.space, { guid: "sg", name: "space" });
});

test("a config is written anew only where something changed", async () => {
  await using home = await temporaryFolder();
  const config = await ClientConfig.load(home.path);
  config.setOrganization({ guid: "og", name: "org" });
  await config.save();
  const file = path.join(home.path, ".rivera", "config.json");
  await writeFile(file, "as it was left");

  await config.save();
  assert.equal(await readFile(file, "utf8"), "as it was left");

  config.setSpace({ guid: "sg", name: "space" });
  await config.save();
  assert.deepEqual((await ClientConfig.load(home.path)).space, { guid: "sg", name: "space" });
});

test("a config has the official client's keys and keeps those that only it knows", async () => {
  await using home = await temporaryFolder();
  const file = path.join(home.path, ".rivera", "config.json");
  await mkdir(path.dirname(file));
  await writeFile(file, JSON.stringify({ ConfigVersion: 4, PluginRepos: [{ Name: "CF" }] }));

  const config = await ClientConfig.load(home.path);
  config.setTokens({ accessToken: "bearer a", refreshToken: "" });
  await config.save();

  const written = JSON.parse(await readFile(file, "utf8"));
  assert.deepEqual(written.PluginRepos, [{ Name: "CF" }]);
  assert.equal(written.UAAOAuthClient, "cf");
  assert.deepEqual(written.SpaceFields, { GUID: "", Name: "", AllowSSH: false });
});

test("a new target forgets the user, the org and the space of the old one", async () => {
  await using home = await temporaryFolder();
  const config = await ClientConfig.load(home.path);
  config.setTokens({ accessToken: "bearer a", refreshToken: "r" });
  config.setSpace({ guid: "sg", name: "space" });

  config.setTarget({
    api: "http://127.0.0.1:1",
    apiVersion: "3.215.0",
    login: "",
    uaa: "",
    logCache: "",
    logging: "",
    routing: "",
    networkPolicy: "",
    skipSslValidation: true,
  });

  assert.equal(config.values.AccessToken, "");
  assert.equal(config.space, undefined);
  assert.equal(config.values.SSLDisabled, true);
});

test("a file that is no config is named, not overwritten", async () => {
  await using home = await temporaryFolder();
  const file = path.join(home.path, ".rivera", "config.json");
  await mkdir(path.dirname(file));
  await writeFile(file, "{ half");

  await assert.rejects(ClientConfig.load(home.path), new RegExp(`${file} is not a config`));
  assert.equal(await readFile(file, "utf8"), "{ half");
});

test("the client has the version of its package", async () => {
  const text = await readFile(path.join(import.meta.dirname, "../../../package.json"), "utf8");

  assert.equal(clientVersion, JSON.parse(text).version);
});
