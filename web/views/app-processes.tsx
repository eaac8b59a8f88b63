import { useState } from "preact/hooks";
import type { AppOverview } from "../api/app-overview.ts";
import type { Instance } from "../api/records.ts";
import { durationText, megabytesText, sizeText } from "../parts/amount.ts";
import { StateMark } from "../parts/state-mark.tsx";
import { useAction } from "./app-actions.tsx";
import { instanceTone } from "./state-words.ts";

type ProcessWithStats = AppOverview["processes"][number];

export function AppProcesses({ overview }: { readonly overview: AppOverview }) {
  return (
    <>
      {overview.processes.map((process) => (
        <section key={process.guid}>
          <div class="section-row">
            <h2>
              Process <code>{process.type}</code>
            </h2>
            <span class="faint">
              {megabytesText(process.memory_in_mb)} memory, {megabytesText(process.disk_in_mb)}{" "}
              disk, health check {process.health_check.type}
            </span>
            <Scale process={process} />
          </div>
          {process.command === null ? null : <pre class="command">{process.command}</pre>}
          <Instances process={process} isStarted={overview.app.state === "STARTED"} />
        </section>
      ))}
    </>
  );
}

function Scale({ process }: { readonly process: ProcessWithStats }) {
  const { doing, act } = useAction();
  const [wanted, setWanted] = useState<string>();
  const value = wanted ?? String(process.instances);
  const isSame = Number(value) === process.instances || value === "";
  const scale = () => {
    act(`v3/processes/${process.guid}/actions/scale`, { instances: Number(value) });
    setWanted(undefined);
  };
  return (
    <div class="actions">
      {doing.kind === "refused" ? (
        <span class="refusal" role="alert">
          {doing.reason}
        </span>
      ) : null}
      <label class="choice">
        <span>Instances</span>
        <input
          type="number"
          min="0"
          max="1000"
          value={value}
          onInput={(event) => setWanted(event.currentTarget.value)}
        />
      </label>
      <button type="button" disabled={isSame || doing.kind === "asking"} onClick={scale}>
        Scale
      </button>
    </div>
  );
}

function Instances(props: { readonly process: ProcessWithStats; readonly isStarted: boolean }) {
  const { process } = props;
  if (!props.isStarted || process.instances === 0) {
    return (
      <p class="faint">
        {props.isStarted ? "No instance is wanted." : "The app is stopped: no instance runs."}
      </p>
    );
  }
  return (
    <table class="list instances">
      <caption class="spoken">Instances of {process.type}</caption>
      <thead>
        <tr>
          <th scope="col">Instance</th>
          <th scope="col">State</th>
          <th scope="col">Since</th>
          <th scope="col" class="number">
            CPU
          </th>
          <th scope="col">Memory</th>
          <th scope="col">Disk</th>
        </tr>
      </thead>
      <tbody>
        {process.stats.map((instance) => (
          <InstanceRow key={instance.index} instance={instance} />
        ))}
      </tbody>
    </table>
  );
}

function InstanceRow({ instance }: { readonly instance: Instance }) {
  const { usage } = instance;
  return (
    <tr>
      <th scope="row">#{instance.index}</th>
      <td data-label="State">
        <StateMark tone={instanceTone(instance.state)}>{instance.state.toLowerCase()}</StateMark>
        {typeof instance.details === "string" && instance.details !== "" ? (
          <span class="place">{instance.details}</span>
        ) : null}
      </td>
      <td data-label="Since" class="number-left">
        {typeof instance.uptime === "number" && instance.uptime > 0
          ? durationText(Math.max(instance.uptime, 10) * 1_000)
          : "–"}
      </td>
      <td data-label="CPU" class="number">
        {typeof usage?.cpu === "number" ? `${(usage.cpu * 100).toFixed(1)} %` : "–"}
      </td>
      <td data-label="Memory">
        <Share of={instance.mem_quota} used={usage?.mem} what="memory" />
      </td>
      <td data-label="Disk">
        <Share of={instance.disk_quota} used={usage?.disk} what="disk" />
      </td>
    </tr>
  );
}

/** So much of so much; the bar only says it again. */
function Share(props: {
  readonly used: number | null | undefined;
  readonly of: number | null | undefined;
  readonly what: string;
}) {
  const { used, of } = props;
  if (typeof used !== "number" || typeof of !== "number") return <span>–</span>;
  const share = of === 0 ? 0 : Math.min(1, used / of);
  return (
    <span class={share > 0.9 ? "share share-tight" : "share"}>
      <span class="number">
        {sizeText(used)} of {sizeText(of)}
      </span>
      <svg aria-hidden="true" viewBox="0 0 100 4" preserveAspectRatio="none">
        <rect class="share-whole" width="100" height="4" />
        <rect class="share-used" width={share * 100} height="4" />
      </svg>
    </span>
  );
}
