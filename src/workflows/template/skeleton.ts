import { type Node, Output, type Rendered, type Template } from './gotemplate/index.ts';

/** Stands for what a hole writes, in the text of a template that is not rendered yet (a private-use character). */
export const HOLE = '\uE000';

/** How deep templates that call templates are followed. */
const DEPTH_LIMIT = 20;

/** Nodes and bytes put together at most: templates may call one another very often. */
const NODE_LIMIT = 200_000;
const BYTE_LIMIT = 1024 * 1024;

/** What can be said of a template's output before there are values for its holes. */
export interface Skeleton extends Rendered {
  /** The text depends on values (`if`, `range`, `with`), or is endless, so it is no YAML to be checked. */
  readonly branches: boolean;
  /** Some holes stand alone on their lines, and may write any lines. */
  readonly partial: boolean;
}

/** The template's text with {@link HOLE} for each hole. */
export function skeletonOf(template: Template): Skeleton {
  const output = new Output();
  let branches = false;
  let left = NODE_LIMIT;
  const add = (nodes: readonly Node[], depth: number): void => {
    for (const node of nodes) {
      left -= 1;
      if (left < 0 || output.bytes > BYTE_LIMIT) branches = true;
      else if (node.kind === 'text') output.write(node.text, node, false);
      else if (node.kind === 'action') {
        if (node.pipeline.declares.length === 0) output.write(HOLE, node, true);
      } else if (node.kind === 'template' && depth < DEPTH_LIMIT) {
        add(template.defined.get(node.name) ?? [], depth + 1);
      } else {
        output.write(HOLE, node, true);
        branches = true;
      }
    }
  };
  add(template.root, 0);
  const { text, map } = output.finish(template.text);
  return { text, map, branches, partial: LONE_HOLE.test(text) };
}

/** A line with holes and nothing else. */
const LONE_HOLE = new RegExp(`^[ \\t]*(?:${HOLE}[ \\t]*)+(?:#.*)?$`, 'm');

/** All nodes of a template, those inside others included. */
export function* allNodes(template: Template): Generator<Node> {
  yield* within(template.root);
  for (const nodes of template.defined.values()) yield* within(nodes);
}

function* within(nodes: readonly Node[]): Generator<Node> {
  for (const node of nodes) {
    yield node;
    if ('body' in node) {
      yield* within(node.body);
      yield* within(node.otherwise ?? []);
    }
  }
}
