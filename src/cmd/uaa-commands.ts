import { randomBytes } from "node:crypto";
import { stringify } from "yaml";
import { holderOf } from "./data-lock.ts";
import type { CommandIo } from "./platform-commands.ts";
import {
  readPlatformState,
  writePlatformState,
  type PlatformState,
  uaaAdminSecret,
} from "./platform-state.ts";
import { readRiveraJson, rewriteRiveraJson, type RiveraJson } from "./rivera-json.ts";
import { uaaOperator } from "./uaa-operator.ts";

const minCharacters = 8;
const maxCharacters = 255;

/**
 * `rivera password`: another password for the administrator, in a running platform at once, else from its next start
 * on. It is kept first: whatever ends this in the middle, the next start makes it true. All earlier logins end.
 */
export async function changePassword(
  io: CommandIo,
  dataDir: string,
  password: string,
): Promise<number> {
  const state = requireState(dataDir);
  if (password.length < minCharacters || password.length > maxCharacters) {
    throw new Error(
      `Cannot take that password: it must have ${minCharacters} to ${maxCharacters} characters`,
    );
  }
  if (password.includes("\0")) throw new Error("Cannot take that password: it has a NUL");
  const running = runningOn(dataDir);
  writePlatformState(dataDir, { ...state, adminPassword: password });
  if (running === undefined) {
    io.print("Password changed. It counts from the next start on.");
    return 0;
  }
  try {
    const operator = await uaaOperator(running.uaa, uaaAdminSecret(state));
    await operator.setPassword(running.admin.username, password);
  } catch (error) {
    writePlatformState(dataDir, state);
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`Cannot change the password: ${reason}`, { cause: error });
  }
  rewriteRiveraJson(dataDir, { ...running, admin: { ...running.admin, password } });
  io.print("Password changed. Log in again: all earlier logins have ended.");
  return 0;
}

/** `rivera rotate-key`: tokens get a new signing key; those signed with the old one stay good until they expire. */
export async function rotateKey(io: CommandIo, dataDir: string): Promise<number> {
  const state = requireState(dataDir);
  const running = runningOn(dataDir);
  if (running === undefined) {
    throw new Error(
      `Cannot rotate the key: no platform runs on ${dataDir}. Start it with: rivera up`,
    );
  }
  const operator = await uaaOperator(running.uaa, uaaAdminSecret(state));
  const { kid, signsFrom } = await operator.rotateKey();
  io.print(`Key ${kid} signs tokens from ${signsFrom} on.`);
  return 0;
}

/**
 * `rivera scrape-config`: a client of UAA for Prometheus, with a new secret, and the configuration that uses it. It may read
 * what a global auditor may.
 */
export async function scrapeConfig(io: CommandIo, dataDir: string): Promise<number> {
  const state = requireState(dataDir);
  const running = runningOn(dataDir);
  if (running === undefined) {
    throw new Error(
      `Cannot make a client for Prometheus: no platform runs on ${dataDir}. Start it with: rivera up`,
    );
  }
  const client = { id: "prometheus", secret: randomBytes(24).toString("base64url") };
  const operator = await uaaOperator(running.uaa, uaaAdminSecret(state));
  await operator.replaceClient({ ...client, authorities: ["cloud_controller.global_auditor"] });
  const api = new URL(running.api);
  const job = {
    job_name: "rivera",
    scheme: api.protocol.slice(0, -1),
    metrics_path: "/rivera/v1/metrics",
    static_configs: [{ targets: [api.host] }],
    oauth2: {
      client_id: client.id,
      client_secret: client.secret,
      token_url: `${running.uaa}/oauth/token`,
    },
  };
  io.print(stringify({ scrape_configs: [job] }).trimEnd());
  return 0;
}

function requireState(dataDir: string): PlatformState {
  const state = readPlatformState(dataDir);
  if (state !== undefined) return state;
  throw new Error(`No platform has run on ${dataDir} yet. Start one with: rivera up`);
}

function runningOn(dataDir: string): RiveraJson | undefined {
  const content = readRiveraJson(dataDir);
  return content !== undefined && holderOf(dataDir) === content.pid ? content : undefined;
}
