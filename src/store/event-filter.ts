/** Which events somebody wants to hear of. */

/** Empty lists want everything. */
export interface EventFilter {
  /** `action.ended`, or all that begin so: `workflow.*`, `workflow.`. */
  kinds?: readonly string[];
  /** Ids. */
  machines?: readonly string[];
  workflows?: readonly string[];
}

/** What of an event decides. */
export interface Filtered {
  kind: string;
  machine?: string;
  workflow?: string;
}

/**
 * Whether an event is wanted. With machines and workflows, what is told of a machine itself (its boot) comes beside what
 * is told of the workflows.
 */
export function wants(filter: EventFilter, event: Filtered): boolean {
  const { kinds = [], machines = [], workflows = [] } = filter;
  if (kinds.length > 0 && !kinds.some((pattern) => isOfKind(event.kind, pattern))) return false;
  const ofMachine = event.machine !== undefined && machines.includes(event.machine);
  if (workflows.length === 0) return machines.length === 0 || ofMachine;
  return event.workflow === undefined ? ofMachine : workflows.includes(event.workflow);
}

function isOfKind(kind: string, pattern: string): boolean {
  if (pattern.endsWith('*')) return kind.startsWith(pattern.slice(0, -1));
  return pattern.endsWith('.') ? kind.startsWith(pattern) : kind === pattern;
}
