/**
 * A service's labels (proposal 0014) as routes. Labels that do not begin with `traefik.` are nothing to us. Pure.
 *
 * A router may have several rule labels, as the document writes them: one that names only hosts, others that name only
 * paths. Then a request is the router's when any of its hosts AND any of its paths is right (and any of the methods,
 * where labels name only those). In Traefik itself the last of equal labels would win. A rule that names both host and
 * path stands for itself.
 */
import { conditionsOf, parseRule, type Rule } from './rules.ts';

/** Requests that a service answers. */
export interface Route {
  router: string;
  rule: Rule;
  /** The rule as text, for people. */
  text: string;
  /** Of several routes that fit, the highest is taken. Traefik's default: the length of the rule. */
  priority: number;
  /** In the container, where a label names it. */
  port?: number;
}

/** What is wrong with a label. */
export interface LabelProblem {
  /** Its position among the labels, from 0. */
  label: number;
  message: string;
}

interface RuleLabel {
  label: number;
  text: string;
  rule: Rule;
}

interface Router {
  name: string;
  /** The first label that names it. */
  label: number;
  rules: RuleLabel[];
  /** One of its rules is wrong, and said so. */
  broken: boolean;
  priority?: number;
  service?: { name: string; label: number };
}

const KNOWN =
  'traefik.enable, traefik.http.routers.NAME.rule, .priority and .service, traefik.http.services.NAME.loadbalancer.server.port';

/** The routes of a service, and what is wrong with its labels; nothing is wrong with a service that has none. */
export function routesOf(labels: readonly string[]): { routes: Route[]; problems: LabelProblem[] } {
  const problems: LabelProblem[] = [];
  const routers = new Map<string, Router>();
  const ports = new Map<string, number>();
  let enabled = true;
  const router = (name: string, label: number): Router => {
    const known = routers.get(name) ?? { name, label, rules: [], broken: false };
    routers.set(name, known);
    return known;
  };
  labels.forEach((text, label) => {
    if (!/^traefik\./i.test(text)) return;
    const at = text.indexOf('=');
    const key = (at === -1 ? text : text.slice(0, at)).trim();
    const value = at === -1 ? '' : text.slice(at + 1).trim();
    const problem = (message: string): void => void problems.push({ label, message });
    const ofRouter = /^traefik\.http\.routers\.([^.]+)\.(rule|priority|service)$/i.exec(key);
    const ofService = /^traefik\.http\.services\.([^.]+)\.loadbalancer\.server\.port$/i.exec(key);
    if (ofRouter) {
      const [, name = '', what = ''] = ofRouter;
      const named = router(name, label);
      switch (what.toLowerCase()) {
        case 'rule': {
          const read = parseRule(value);
          if ('rule' in read) named.rules.push({ label, text: value, rule: read.rule });
          else {
            named.broken = true;
            problem(`the rule ${value || '(empty)'} of the router ${name}, character ${read.at + 1}: ${read.problem}`);
          }
          break;
        }
        case 'priority':
          if (/^-?\d{1,9}$/.test(value)) named.priority = Number(value);
          else problem(`the priority ${value || '(empty)'} of the router ${name} is not a whole number`);
          break;
        default:
          named.service = { name: value, label };
      }
    } else if (ofService) {
      const port = /^\d{1,5}$/.test(value) ? Number(value) : 0;
      if (port >= 1 && port <= 65_535) ports.set(ofService[1] ?? '', port);
      else problem(`${key}: ${value || '(empty)'} is not a port, 1 to 65535`);
    } else if (/^traefik\.enable$/i.test(key)) {
      if (/^(true|false)$/i.test(value)) enabled = value.toLowerCase() === 'true';
      else problem(`traefik.enable is true or false, not ${value || '(empty)'}`);
    } else problem(`the label ${key} is not supported; there are ${KNOWN}`);
  });
  const routes: Route[] = [];
  for (const each of routers.values()) {
    const problem = (message: string, label = each.label): void => void problems.push({ label, message });
    if (each.broken) continue;
    if (each.rules.length === 0) {
      problem(`the router ${each.name} has no rule`);
      continue;
    }
    const { service } = each;
    if (service && !ports.has(service.name)) {
      problem(`the router ${each.name} names the service ${service.name}, which no label gives a port`, service.label);
      continue;
    }
    if (!service && ports.size > 1) {
      problem(`the router ${each.name} must say which of the services ${[...ports.keys()].join(', ')} it is for`);
      continue;
    }
    const port = service ? ports.get(service.name) : [...ports.values()][0];
    const joined = join(each.rules);
    if ('label' in joined) {
      problems.push(joined);
      continue;
    }
    for (const { text, rule } of joined.rules) {
      // Traefik: a priority of 0 is none.
      const route = { router: each.name, rule, text, priority: each.priority || text.length };
      routes.push(port === undefined ? route : { ...route, port });
    }
  }
  return { routes: enabled ? routes : [], problems };
}

/** The rules of one router's labels: one for each label that names a path, each with all the hosts and methods. */
function join(labels: readonly RuleLabel[]): { rules: { text: string; rule: Rule }[] } | LabelProblem {
  const hosts: RuleLabel[] = [];
  const methods: RuleLabel[] = [];
  const paths: RuleLabel[] = [];
  const whole: RuleLabel[] = [];
  for (const each of labels) {
    const kinds = conditionsOf(each.rule);
    const onPath = kinds.has('path') || kinds.has('prefix');
    if (kinds.size === 1 && kinds.has('host')) hosts.push(each);
    else if (kinds.size === 1 && kinds.has('method')) methods.push(each);
    else if (onPath && !kinds.has('host')) paths.push(each);
    else whole.push(each);
  }
  const [first] = whole;
  if (first !== undefined) {
    if (whole.length === labels.length) return { rules: whole };
    return {
      label: first.label,
      message: `the rule ${first.text} names a host and more, so it cannot be joined with the other rules of its router; write each rule whole, or hosts and paths in labels of their own`,
    };
  }
  const common = [hosts, methods].filter((group) => group.length > 0).map(either);
  const rules = (paths.length > 0 ? paths.map((path) => [...common, path]) : [common]).map((parts) => {
    const [only] = parts;
    return parts.length === 1 && only !== undefined
      ? { text: only.text, rule: only.rule }
      : {
          text: parts.map(bracketed).join(' && '),
          rule: { kind: 'and' as const, rules: parts.map(({ rule }) => rule) },
        };
  });
  return { rules };
}

function either(labels: readonly { text: string; rule: Rule }[]): { text: string; rule: Rule } {
  const [only] = labels;
  return labels.length === 1 && only !== undefined
    ? only
    : {
        text: labels.map(({ text }) => text).join(' || '),
        rule: { kind: 'or', rules: labels.map(({ rule }) => rule) },
      };
}

const bracketed = ({ text, rule }: { text: string; rule: Rule }): string => (rule.kind === 'or' ? `(${text})` : text);
