/** One entry of `change-stage/map`: the stage that follows, and what is done on the way. Pure. */
import { readStageMapEntry, STAGE_ACTIONS, type StageAction } from '../content/stage-map.ts';

export interface Transition {
  /** Name of the stage that follows. */
  next: string;
  /** What the machine or its agent does on the way; undefined: what the stages themselves ask for. */
  action: StageAction | undefined;
}

/** Reads `next` or `next:Action`; the first colon parts them. `problem` says what is wrong, without naming the entry. */
export function parseTransition(text: string): Transition | { problem: string } {
  const { next, action, unknown } = readStageMapEntry(text);
  if (next === '') return { problem: 'names no stage that follows' };
  if (unknown !== undefined)
    return { problem: `has the action "${unknown}" after the colon; there are ${STAGE_ACTIONS.join(', ')}` };
  return { next, action };
}
