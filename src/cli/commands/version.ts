import { clientVersion } from "../version.ts";
import type { Command } from "./command.ts";

export const version: Command = {
  usage: "rivera version\n\n'rivera -v' and 'rivera --version' are also accepted.",
  arguments: [],
  flags: [],
  seeAlso: [],
  async run({ ui }) {
    ui.text(`rivera version ${clientVersion}`);
  },
};
