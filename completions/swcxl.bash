# SPDX-License-Identifier: MIT
# bash completion of swcxl and swcxlctl, which know by themselves what can come next. To be sourced, or
# installed as /usr/share/bash-completion/completions/swcxl with a link of the name swcxlctl.

_swcxl()
{
	local cur=${COMP_WORDS[COMP_CWORD]} line
	[[ $cur != = ]] || cur=
	COMPREPLY=()
	while IFS= read -r line; do
		case $line in
		:files | :sockets)
			compopt -o filenames 2>/dev/null
			mapfile -t COMPREPLY < <(compgen -f -- "$cur")
			;;
		*)
			COMPREPLY+=("${line%%$'\t'*}")
			;;
		esac
	done < <("$1" --complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
	[[ ${COMPREPLY[0]-} != *= ]] || compopt -o nospace 2>/dev/null
}

complete -F _swcxl swcxl swcxlctl
