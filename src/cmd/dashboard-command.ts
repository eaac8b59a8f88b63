import { createHash, randomBytes } from "node:crypto";
import { z } from "zod";
import type { CommandIo } from "./platform-commands.ts";
import { readRiveraJson } from "./rivera-json.ts";

const tokenAnswer = z.object({ access_token: z.string() });

/**
 * `rivera dashboard`: prints an address that signs its reader in as the administrator, once, within five minutes. It
 * opens no door of its own: who may read the data folder's `rivera.json` has the administrator's password already, and
 * asks UAA with it for a code of the dashboard, as `cf ssh-code` asks for one. Code and proof stand behind the `#`, which
 * no browser sends and no log keeps.
 */
export async function dashboard(io: CommandIo, dataDir: string): Promise<number> {
  const running = readRiveraJson(dataDir);
  if (running === undefined) {
    io.print(`No platform runs on ${dataDir}. Start one with: rivera up`);
    return 1;
  }
  if (running.web === undefined) {
    io.print("The dashboard of this platform is switched off (rivera: { web: false }).");
    return 1;
  }
  const verifier = randomBytes(32).toString("base64url");
  const code = await codeFor(running, { page: running.web, verifier });
  io.print(`${running.web}#sign-in=${code}.${verifier}`);
  return 0;
}

async function codeFor(
  running: { readonly uaa: string; readonly admin: { username: string; password: string } },
  asked: { readonly page: string; readonly verifier: string },
): Promise<string> {
  const granted = await fetch(`${running.uaa}/oauth/token`, {
    method: "POST",
    headers: { authorization: `Basic ${Buffer.from("cf:").toString("base64")}` },
    body: new URLSearchParams({ grant_type: "password", ...running.admin }),
  });
  if (!granted.ok) {
    await granted.body?.cancel();
    throw new Error(
      "UAA refuses the password of rivera.json: it was changed with another client. " +
        "`rivera password` sets it in both places",
    );
  }
  const { access_token: token } = tokenAnswer.parse(await granted.json());
  const query = new URLSearchParams({
    response_type: "code",
    client_id: "rivera-dashboard",
    redirect_uri: asked.page,
    code_challenge: createHash("sha256").update(asked.verifier).digest("base64url"),
    code_challenge_method: "S256",
  });
  const answer = await fetch(`${running.uaa}/oauth/authorize?${query.toString()}`, {
    headers: { authorization: `bearer ${token}` },
    redirect: "manual",
  });
  await answer.body?.cancel();
  const code = URL.parse(answer.headers.get("location") ?? "")?.searchParams.get("code");
  if (code === undefined || code === null) {
    throw new Error(`UAA gives no code for the dashboard: it answers ${answer.status}`);
  }
  return code;
}
