/** What an examination finds: how bad it is, what it means, and what to do. */
export type Level = 'ok' | 'warning' | 'problem';

export interface Finding {
  /** Stable, for scripts. */
  code: string;
  level: Level;
  /** What is so, and what that means. */
  sentence: string;
  /** What to do; absent where nothing is. */
  next?: string | undefined;
}

const RANK: Record<Level, number> = { ok: 0, warning: 1, problem: 2 };

/** The worst level among findings. */
export function worstOf(findings: readonly Pick<Finding, 'level'>[]): Level {
  return findings.reduce<Level>((worst, { level }) => (RANK[level] > RANK[worst] ? level : worst), 'ok');
}

export function ok(code: string, sentence: string): Finding {
  return { code, level: 'ok', sentence };
}

export function warning(code: string, sentence: string, next: string): Finding {
  return { code, level: 'warning', sentence, next };
}

export function problem(code: string, sentence: string, next: string): Finding {
  return { code, level: 'problem', sentence, next };
}
