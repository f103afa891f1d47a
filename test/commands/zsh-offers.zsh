# What zsh offers for a command line, a line each in < and >, between @START@ and @END@.
# usage: zsh -f zsh-offers.zsh FOLDER_OF_COMPLETIONS 'netherd-agent check --'
# Completion works only in an interactive shell, so there is one on a terminal of its own, and compadd, to which every
# completion gives its words, prints what it takes; its calls with -O, -A or -D only ask, and add nothing.
zmodload zsh/zpty || exit 9
local line
zpty child zsh -f -i
zpty -w child "PS1= PS2=; fpath=(${(q)1} \$fpath); autoload -Uz compinit && compinit -D -u"
zpty -w child '
offer() {
	compadd() {
		[[ ${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]] && { builtin compadd "$@"; return }
		local -a taken
		local each
		builtin compadd -O taken "$@"
		for each in $taken; do print -r -- "<$each>"; done
		builtin compadd "$@"
	}
	print @START@
	_main_complete
	print @END@
	exit
}
zle -C offer complete-word offer
bindkey "^I" offer
print READY'
while zpty -r child line; do [[ $line == *READY* && $line != *print* ]] && break; done
zpty -w -n child "$2"$'\t'
while zpty -r child line; do
	print -rn -- "$line"
	[[ $line == *@END@* ]] && break
done
zpty -d child
