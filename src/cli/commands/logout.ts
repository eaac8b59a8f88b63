import { parseAccessToken } from "../api/access-token.ts";
import { revokeToken } from "../api/uaa.ts";
import { currentUser } from "../actors/target-check.ts";
import type { Session } from "../session.ts";
import type { Command } from "./command.ts";

export const logout: Command = {
  usage: "rivera logout",
  arguments: [],
  flags: [],
  seeAlso: ["login"],
  async run(session) {
    const { ui, config } = session;
    ui.text(ui.flavor`Logging out ${currentUser(config)?.name ?? ""}...`);
    await revoke(session);
    config.forgetUser();
    ui.ok();
  },
};

/** Takes back tokens that say that they can be; who logs out is logged out even where that fails. */
async function revoke(session: Session): Promise<void> {
  const { AccessToken, RefreshToken, AuthorizationEndpoint } = session.config.values;
  if (parseAccessToken(AccessToken)?.revocable !== true) return;
  const transport = await session.transport();
  for (const token of [RefreshToken, AccessToken]) {
    const jti = parseAccessToken(token)?.jti;
    if (jti === undefined) continue;
    const options = { loginUrl: AuthorizationEndpoint, jti, accessToken: AccessToken };
    await revokeToken(transport, options).catch(() => undefined);
  }
}
