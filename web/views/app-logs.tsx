import { useMemo, useState } from "preact/hooks";
import { useAppLog, type AppLog } from "../log/app-log.ts";
import { filtered, LogTools } from "../log/log-tools.tsx";
import { LogView } from "../log/log-view.tsx";
import type { LogRow } from "../log/log-rows.ts";
import { explain, Notice } from "../parts/notice.tsx";

/** What the app says, and the platform about it, while it does. */
export function AppLogs({ guid }: { readonly guid: string }) {
  const log = useAppLog(guid);
  const [filter, setFilter] = useState("");
  const rows = useMemo(
    () => filtered(log.lines, filter).map((line): LogRow => ({ kind: "line", line })),
    [log.lines, filter],
  );
  if (log.failure !== undefined && log.lines.length === 0) {
    return (
      <Notice title="Cannot show the log" tone="bad">
        <p>{explain(log.failure)} The page goes on trying.</p>
      </Notice>
    );
  }
  return (
    <section>
      <div class="section-row">
        <h2>Log</h2>
        <LogTools filter={filter} setFilter={setFilter} lines={log.lines} fileName={`${guid}.log`}>
          <span class="faint">{countText(log, rows.length)}</span>
        </LogTools>
      </div>
      {log.failure === undefined ? null : (
        <p class="stale" role="status">
          Not up to date: {explain(log.failure)} Trying again.
        </p>
      )}
      {log.lines.length === 0 ? (
        <p class="faint" role="status">
          {log.state === "loading"
            ? "Loading the log …"
            : "Nothing was said yet, or the platform was started anew since: recent lines are kept in memory."}
        </p>
      ) : (
        <LogView
          label="Log of the app"
          rows={rows}
          follows
          margin={({ at, source }) => `${new Date(at).toLocaleTimeString("en-GB")} ${source}`}
        />
      )}
    </section>
  );
}

function countText({ lines, gone, beginsLater }: AppLog, shown: number): string {
  const all = lines.length;
  const older = gone > 0 || beginsLater ? ", older ones are not shown" : "";
  return shown === all ? `${all} lines${older}` : `${shown} of ${all} lines${older}`;
}
