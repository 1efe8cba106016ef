/** `tinsmith completion`: what a shell needs to complete our words; the words themselves come from `tinsmith --complete`. */
import { basename } from 'node:path';
import { command } from './command.ts';

const SCRIPTS = {
  bash: `_tinsmith() {
  local IFS=$'\\n'
  COMPREPLY=( $(compgen -W "$(tinsmith --complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)" -- "\${COMP_WORDS[COMP_CWORD]}") )
}
complete -o default -F _tinsmith tinsmith
`,
  zsh: `#compdef tinsmith
_tinsmith() {
  local -a found
  found=("\${(@f)$(tinsmith --complete "\${words[@]:1:$((CURRENT-1))}" 2>/dev/null)}")
  compadd -- $found || _files
}
compdef _tinsmith tinsmith
`,
  fish: `function __tinsmith_complete
  set -l words (commandline -opc) (commandline -ct)
  tinsmith --complete $words[2..-1] 2>/dev/null
end
complete -c tinsmith -a '(__tinsmith_complete)'
`,
};

const SHELLS = Object.keys(SCRIPTS) as (keyof typeof SCRIPTS)[];

export const completion = command({
  usage: 'completion [shell]',
  summary: 'Print what a shell needs to complete our words',
  examples: [['completion bash > /etc/bash_completion.d/tinsmith', 'For every user of bash']],
  flags: (yargs) =>
    yargs.positional('shell', { type: 'string', choices: SHELLS, describe: 'The shell [the one in SHELL]' }),
  async run({ shell }, terminal) {
    const own = SHELLS.find((name) => name === basename(terminal.environment.SHELL ?? ''));
    terminal.stdout.write(SCRIPTS[shell ?? own ?? 'bash']);
  },
});
