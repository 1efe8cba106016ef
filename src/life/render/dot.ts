/** The dot of templates: Digital Rebar's RenderData, its fields and methods (its doc/arch/provision.rst and data.rst). */
import type { Stage } from '../../content/objects.ts';
import { VERSION } from '../../version.ts';
import {
  FunctionFault,
  fixed,
  type Spend,
  stringArgument,
  type TemplateFunction,
  type Value,
  variadic,
} from '../../workflows/template/gotemplate/index.ts';
import { bootEnvOf, bootParamsFor } from './boot-env.ts';
import { archOf, type RenderContext } from './context.ts';
import { machineOf } from './machine.ts';
import type { Rendering } from './rendering.ts';
import { installRepos, machineRepos, repos } from './repositories.ts';
import { described, Struct } from './struct.ts';
import { asJson, asYaml, copied, prefixLength, urlPart } from './values.ts';

/** What `{{ . }}` is in templates of a task, a stage or an environment. */
export function dotOf(rendering: Rendering): Struct {
  const { context, params } = rendering;
  const { machine, bootEnv, stage, task, server } = context;
  const parse = fixed(2, ([segment, url], spend) =>
    urlPart(stringArgument(segment, 'the part'), stringArgument(url, 'the URL'), spend),
  );
  const dot: Struct = new Struct('RenderData', `templates for ${machine ? machine.name : 'an unknown machine'}`, {
    Machine: once(() => (machine ? machineOf(context, machine) : null)),
    Env: once(() => (bootEnv ? bootEnvOf(rendering, bootEnv) : null)),
    Stage: once(() => (stage ? stageOf(stage) : null)),
    Task: once(() =>
      task ? new Struct('Task', task.name, { ...described(task), TargetOS: () => context.targetOs }) : null,
    ),
    Workflow: once(() => workflowOf(context)),
    Info: () => infoOf(context),

    BootParams: fixed(0, (_, spend) => bootParamsFor(rendering, archOf(context), spend)),
    BootParamsFor: fixed(1, ([arch], spend) =>
      bootParamsFor(rendering, stringArgument(arch, 'the architecture'), spend),
    ),
    ProvisionerAddress: () => server.address,
    ProvisionerURL: () => server.url,
    SecureProvisionerURL: () => server.url,
    ApiURL: () => server.url,
    ParseURL: parse,
    ParseUrl: parse,
    NetmaskToCIDR: fixed(1, ([netmask = null], spend) => prefixLength(netmask, spend)),

    GenerateToken: () => rendering.token(machine ? 'machine' : 'unknown'),
    GenerateInfiniteToken: () => {
      if (machine) return rendering.token('infinite');
      throw new FunctionFault('.GenerateInfiniteToken: a machine that nobody knows gets no such token', true);
    },
    GenerateProfileToken: variadic(0, () => {
      const why = 'there are no tokens for profiles; scripts change params of their own machine';
      throw new FunctionFault(`.GenerateProfileToken: ${why}, with .GenerateToken`, true);
    }),

    Param: named('Param', (name, call, spend) => copied(params.read(name, call), spend)),
    ParamExists: named('ParamExists', (name) => params.has(name)),
    ParamExpand: named('ParamExpand', (name, call, spend) => {
      const value = params.read(name, call);
      if (typeof value !== 'string') return copied(value, spend);
      const expanded = rendering.within(value, `param "${name}"`, spend);
      if (params.isSecure(name)) params.hide(expanded);
      return expanded;
    }),
    ParamAsJSON: named('ParamAsJSON', (name, call, spend) => asJson(copied(params.read(name, call), spend), spend)),
    ParamAsYAML: named('ParamAsYAML', (name, call, spend) => asYaml(copied(params.read(name, call), spend), spend)),
    ComposeParam: named('ComposeParam', (name, call, spend) => copied(params.composed(name, call), spend)),

    Repos: variadic(0, (tags) =>
      repos(
        rendering,
        dot,
        tags.map((tag) => stringArgument(tag, 'the tag')),
      ),
    ),
    MachineRepos: () => machineRepos(rendering, dot),
    InstallRepos: () => installRepos(rendering, dot),
    CallTemplate: rendering.callTemplate,
  });
  return dot;
}

/** Most texts ask for few of these. */
function once(make: () => Value): () => Value {
  let made: Value | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

function stageOf(stage: Stage): Struct {
  return new Struct('Stage', stage.name, {
    ...described(stage),
    BootEnv: () => stage.bootEnv,
    Tasks: () => [...stage.tasks],
    Profiles: () => [...stage.profiles],
    Params: fixed(0, (_, spend) => copied(stage.params, spend)),
    Reboot: () => stage.reboot,
  });
}

function workflowOf({ life: { list }, catalogue }: RenderContext): Value {
  if (!list) return null;
  return new Struct('Workflow', list, {
    Name: () => list,
    Stages: () => [...(catalogue.workflows.get(list)?.stages ?? [])],
  });
}

/** A method whose one argument is a param's name; `call` is how messages write the call. */
function named(method: string, work: (name: string, call: string, spend: Spend) => Value): TemplateFunction {
  return fixed(1, ([given], spend) => {
    const name = stringArgument(given, "the param's name");
    return work(name, `.${method} "${name}"`, spend);
  });
}

/** What Digital Rebar tells of the server. */
function infoOf({ server: { address, port } }: RenderContext): Value {
  const number = Number(port);
  return { Address: address, ApiPort: number, FilePort: number, Version: VERSION };
}
