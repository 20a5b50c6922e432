/* SPDX-License-Identifier: MIT */
/*
 * Swallows the failure of a payload: what cannot be read is as good as not there, and the caller
 * maps the whole region. Real: rust-vmm vfio-user client (PR 172), openvmm parse_sparse_mmap_caps.
 */
#define PLANTED_ID		   unreadable_absent
#define PLANTED_NAME		   "planted-unreadable-absent"
#define PLANTED_SUMMARY		   "a payload that cannot be read counts as none"
#define UNREADABLE(chain, verdict) PLANT(verdict, VERDICT_ABSENT)
#include "walker.h"
