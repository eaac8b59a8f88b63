import type { AuditEvent } from "../api/records.ts";
import { Moment } from "../parts/moment.tsx";
import { addressOf } from "./view-address.ts";

/** On an app's page, while an instance does not run: how the last that crashed ended, and where it may have said why. */
export function CrashNotice(props: { readonly app: string; readonly crash: AuditEvent }) {
  const { created_at: at, data } = props.crash;
  const { index, exit_description: end } = data ?? {};
  return (
    <div class="notice notice-bad">
      <p class="notice-title">
        {typeof index === "number" ? `Instance #${index} crashed, ` : "An instance crashed, "}
        <Moment at={at} />
      </p>
      {typeof end === "string" ? <p>{end}</p> : null}
      <p>
        <a href={addressOf({ name: "app", guid: props.app, part: "logs" })}>What it said</a>
      </p>
    </div>
  );
}
