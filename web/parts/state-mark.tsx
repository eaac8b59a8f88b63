export type Tone = "good" | "bad" | "busy" | "idle";

/** A state in a word, with a shape and a colour beside it: neither says anything that the word does not. */
export function StateMark({ tone, children }: { readonly tone: Tone; readonly children: string }) {
  return (
    <span class={`state state-${tone}`}>
      <svg class="state-shape" viewBox="0 0 10 10" aria-hidden="true">
        {shapes[tone]}
      </svg>
      {children}
    </span>
  );
}

const shapes = {
  good: <circle cx="5" cy="5" r="4" />,
  bad: <path d="M5 .5 9.500 9h-9z" />,
  busy: <circle cx="5" cy="5" r="3.200" fill="none" stroke-width="1.800" />,
  idle: <rect x="1.500" y="4" width="7" height="2" />,
} as const;
