import { currentUser, notLoggedIn } from "../actors/target-check.ts";
import { getEndpoints, insecureWarning, isInsecure } from "../api/root.ts";
import type { Session } from "../session.ts";
import type { Command } from "./command.ts";

export const api: Command = {
  usage: "rivera api [URL]",
  arguments: [{ name: "URL", isOptional: true }],
  flags: [
    {
      long: "skip-ssl-validation",
      description: "Skip verification of the API endpoint. Not recommended!",
    },
    { long: "unset", description: "Remove all api endpoint targeting" },
  ],
  seeAlso: ["auth", "login", "target"],
  async run(session, input) {
    const { ui, config } = session;
    const url = input.optionalArgument("URL");
    if (input.has("unset")) {
      ui.text("Unsetting API endpoint...");
      config.setTarget(noEndpoints);
      ui.ok();
    } else if (url !== undefined) {
      await setApi(session, url, input.has("skip-ssl-validation"));
    } else if (config.values.Target === "") {
      ui.text("No API endpoint set. Use 'rivera api' to set an endpoint");
    } else {
      showApi(session);
    }
  },
};

const noEndpoints = {
  api: "",
  apiVersion: "",
  login: "",
  uaa: "",
  logCache: "",
  logging: "",
  routing: "",
  networkPolicy: "",
  skipSslValidation: false,
};

async function setApi(session: Session, url: string, skipSslValidation: boolean): Promise<void> {
  const { ui, config } = session;
  ui.text(ui.flavor`Setting API endpoint to ${url}...`);
  const target = (url.startsWith("http") ? url : `https://${url}`).replace(/\/+$/, "");
  const transport = await session.transport(skipSslValidation);
  const { userAgent } = session;
  config.setTarget(await getEndpoints(transport, { api: target, skipSslValidation, userAgent }));
  if (isInsecure(target)) ui.text(insecureWarning);
  ui.ok();
  showApi(session);
}

function showApi({ ui, config }: Session): void {
  ui.keyValues([
    ["API endpoint:", config.values.Target],
    ["API version:", config.values.APIVersion],
  ]);
  if (currentUser(config) !== undefined) return;
  ui.newline();
  ui.text(notLoggedIn);
}
