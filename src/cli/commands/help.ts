import { Failure } from "../failure.ts";
import type { Command } from "./command.ts";
import { findCommand } from "./command-table.ts";
import { showAllHelp, showCommandHelp, showCommonHelp } from "./help-text.ts";

export const help: Command = {
  usage: "rivera help [COMMAND]",
  arguments: [{ name: "COMMAND_NAME", isOptional: true }],
  flags: [{ short: "a", description: "All available CLI commands" }],
  seeAlso: [],
  async run({ ui }, input) {
    const name = input.optionalArgument("COMMAND_NAME");
    if (name === undefined) {
      if (input.has("a")) showAllHelp(ui);
      else showCommonHelp(ui);
      return;
    }
    const entry = findCommand(name);
    if (entry === undefined) {
      throw new Failure(`'${name}' is not a registered command. See 'rivera help -a'`);
    }
    showCommandHelp(ui, entry, await entry.load());
  },
};
