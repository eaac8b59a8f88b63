import { useEffect, useRef } from "preact/hooks";

/** The parts of one subject, each with its address. */
export function PartsNav(props: {
  readonly label: string;
  readonly parts: readonly {
    readonly name: string;
    readonly address: string;
    readonly isCurrent: boolean;
  }[];
}) {
  const nav = useRef<HTMLElement>(null);
  const current = props.parts.find(({ isCurrent }) => isCurrent)?.name;
  // On a narrow screen the last ones lie outside of it.
  useEffect(() => {
    nav.current?.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" });
  }, [current]);
  return (
    <nav class="parts" aria-label={props.label} ref={nav}>
      {props.parts.map(({ name, address, isCurrent }) => (
        <a key={name} href={address} aria-current={isCurrent ? "page" : undefined}>
          {name}
        </a>
      ))}
    </nav>
  );
}
