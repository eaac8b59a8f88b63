import { requireUser } from "../actors/target-check.ts";
import type { Command } from "./command.ts";

export const oauthToken: Command = {
  usage: "rivera oauth-token",
  arguments: [],
  flags: [],
  seeAlso: ["curl"],
  async run(session) {
    requireUser(session.config);
    const tokens = await session.tokens();
    session.ui.text(await tokens.accessToken());
  },
};
