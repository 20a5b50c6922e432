/* SPDX-License-Identifier: MIT */
#include "reply_rule.h"

#include <string.h>

static const char *const rule_names[REPLY_RULES] = {"kernel", "iommufd", "vfio-user", "rust-vmm",
						    "raw"};

const char *reply_rule_name(enum reply_rule rule)
{
	return rule_names[rule];
}

bool reply_rule_parse(const char *name, enum reply_rule *ret_rule)
{
	for (enum reply_rule rule = 0; rule < REPLY_RULES; rule++)
		if (strcmp(name, rule_names[rule]) == 0) {
			*ret_rule = rule;
			return true;
		}
	return false;
}
