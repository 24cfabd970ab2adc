// The SQL travels inside every program, so that a program and its migrations cannot be of different versions.
// A new migration takes two lines here; a test compares this list with the folder.
#include "migrations.h"

// C23; clang takes it in every mode.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char runtime[] = {
#embed "../../ops/migrations/0001_runtime.sql"
};
static const unsigned char organisation[] = {
#embed "../../ops/migrations/0002_organisation.sql"
};
static const unsigned char leads[] = {
#embed "../../ops/migrations/0003_leads.sql"
};
static const unsigned char roles[] = {
#embed "../../ops/migrations/0004_roles.sql"
};
static const unsigned char allocation[] = {
#embed "../../ops/migrations/0005_allocation.sql"
};
static const unsigned char customers[] = {
#embed "../../ops/migrations/0006_customers.sql"
};
static const unsigned char reminders[] = {
#embed "../../ops/migrations/0007_reminders.sql"
};
static const unsigned char lead_life[] = {
#embed "../../ops/migrations/0008_lead_life.sql"
};
static const unsigned char organisation_changes[] = {
#embed "../../ops/migrations/0009_organisation.sql"
};
static const unsigned char recovery[] = {
#embed "../../ops/migrations/0010_recovery.sql"
};
static const unsigned char lead_life_rest[] = {
#embed "../../ops/migrations/0011_lead_life_rest.sql"
};
static const unsigned char calls[] = {
#embed "../../ops/migrations/0012_calls.sql"
};
static const unsigned char service_log[] = {
#embed "../../ops/migrations/0013_service_log.sql"
};
static const unsigned char clock_terms[] = {
#embed "../../ops/migrations/0014_clock_terms.sql"
};
static const unsigned char call_uses[] = {
#embed "../../ops/migrations/0015_call_uses.sql"
};
static const unsigned char clocks_set_back[] = {
#embed "../../ops/migrations/0016_clocks_set_back.sql"
};
static const unsigned char calls_together[] = {
#embed "../../ops/migrations/0017_calls_together.sql"
};
static const unsigned char erasure[] = {
#embed "../../ops/migrations/0018_erasure.sql"
};
static const unsigned char templates[] = {
#embed "../../ops/migrations/0019_templates.sql"
};
static const unsigned char messages[] = {
#embed "../../ops/migrations/0020_messages.sql"
};
static const unsigned char outreach_commands[] = {
#embed "../../ops/migrations/0021_outreach_commands.sql"
};
static const unsigned char messages_found[] = {
#embed "../../ops/migrations/0022_messages_found.sql"
};
static const unsigned char budgets[] = {
#embed "../../ops/migrations/0023_budgets.sql"
};
static const unsigned char email[] = {
#embed "../../ops/migrations/0024_email.sql"
};
static const unsigned char opt_out_confirmations[] = {
#embed "../../ops/migrations/0025_opt_out_confirmations.sql"
};
static const unsigned char engagement[] = {
#embed "../../ops/migrations/0026_engagement.sql"
};
static const unsigned char suppression_found[] = {
#embed "../../ops/migrations/0027_suppression_found.sql"
};
static const unsigned char fax_requests_erased[] = {
#embed "../../ops/migrations/0028_fax_requests_erased.sql"
};
static const unsigned char addresses_erased[] = {
#embed "../../ops/migrations/0029_addresses_erased.sql"
};
static const unsigned char campaigns[] = {
#embed "../../ops/migrations/0030_campaigns.sql"
};
static const unsigned char phone_regions[] = {
#embed "../../ops/migrations/0031_phone_regions.sql"
};
static const unsigned char joining[] = {
#embed "../../ops/migrations/0032_joining.sql"
};
static const unsigned char campaign_progress[] = {
#embed "../../ops/migrations/0033_campaign_progress.sql"
};
static const unsigned char roll_up[] = {
#embed "../../ops/migrations/0034_roll_up.sql"
};
static const unsigned char campaign_commands[] = {
#embed "../../ops/migrations/0035_campaign_commands.sql"
};
static const unsigned char audience_lists[] = {
#embed "../../ops/migrations/0036_audience_lists.sql"
};
static const unsigned char campaign_ranges[] = {
#embed "../../ops/migrations/0037_campaign_ranges.sql"
};
static const unsigned char occasions[] = {
#embed "../../ops/migrations/0038_occasions.sql"
};
static const unsigned char caps[] = {
#embed "../../ops/migrations/0039_caps.sql"
};
static const unsigned char tasks[] = {
#embed "../../ops/migrations/0040_tasks.sql"
};
static const unsigned char people_report[] = {
#embed "../../ops/migrations/0041_people_report.sql"
};
static const unsigned char answers[] = {
#embed "../../ops/migrations/0042_answers.sql"
};
static const unsigned char task_credit[] = {
#embed "../../ops/migrations/0043_task_credit.sql"
};
static const unsigned char heard_compression[] = {
#embed "../../ops/migrations/0044_heard_compression.sql"
};
static const unsigned char lift_window[] = {
#embed "../../ops/migrations/0045_lift_window.sql"
};
static const unsigned char contact_by_task[] = {
#embed "../../ops/migrations/0046_contact_by_task.sql"
};
static const unsigned char moved_branches[] = {
#embed "../../ops/migrations/0047_moved_branches.sql"
};
static const unsigned char obstacle_at_work[] = {
#embed "../../ops/migrations/0048_obstacle_at_work.sql"
};

static const struct millrace_migration steps[] = {
    {"0001_runtime", runtime, sizeof runtime},
    {"0002_organisation", organisation, sizeof organisation},
    {"0003_leads", leads, sizeof leads},
    {"0004_roles", roles, sizeof roles},
    {"0005_allocation", allocation, sizeof allocation},
    {"0006_customers", customers, sizeof customers},
    {"0007_reminders", reminders, sizeof reminders},
    {"0008_lead_life", lead_life, sizeof lead_life},
    {"0009_organisation", organisation_changes, sizeof organisation_changes},
    {"0010_recovery", recovery, sizeof recovery},
    {"0011_lead_life_rest", lead_life_rest, sizeof lead_life_rest},
    {"0012_calls", calls, sizeof calls},
    {"0013_service_log", service_log, sizeof service_log},
    {"0014_clock_terms", clock_terms, sizeof clock_terms},
    {"0015_call_uses", call_uses, sizeof call_uses},
    {"0016_clocks_set_back", clocks_set_back, sizeof clocks_set_back},
    {"0017_calls_together", calls_together, sizeof calls_together},
    {"0018_erasure", erasure, sizeof erasure},
    {"0019_templates", templates, sizeof templates},
    {"0020_messages", messages, sizeof messages},
    {"0021_outreach_commands", outreach_commands, sizeof outreach_commands},
    {"0022_messages_found", messages_found, sizeof messages_found},
    {"0023_budgets", budgets, sizeof budgets},
    {"0024_email", email, sizeof email},
    {"0025_opt_out_confirmations", opt_out_confirmations, sizeof opt_out_confirmations},
    {"0026_engagement", engagement, sizeof engagement},
    {"0027_suppression_found", suppression_found, sizeof suppression_found},
    {"0028_fax_requests_erased", fax_requests_erased, sizeof fax_requests_erased},
    {"0029_addresses_erased", addresses_erased, sizeof addresses_erased},
    {"0030_campaigns", campaigns, sizeof campaigns},
    {"0031_phone_regions", phone_regions, sizeof phone_regions},
    {"0032_joining", joining, sizeof joining},
    {"0033_campaign_progress", campaign_progress, sizeof campaign_progress},
    {"0034_roll_up", roll_up, sizeof roll_up},
    {"0035_campaign_commands", campaign_commands, sizeof campaign_commands},
    {"0036_audience_lists", audience_lists, sizeof audience_lists},
    {"0037_campaign_ranges", campaign_ranges, sizeof campaign_ranges},
    {"0038_occasions", occasions, sizeof occasions},
    {"0039_caps", caps, sizeof caps},
    {"0040_tasks", tasks, sizeof tasks},
    {"0041_people_report", people_report, sizeof people_report},
    {"0042_answers", answers, sizeof answers},
    {"0043_task_credit", task_credit, sizeof task_credit},
    {"0044_heard_compression", heard_compression, sizeof heard_compression},
    {"0045_lift_window", lift_window, sizeof lift_window},
    {"0046_contact_by_task", contact_by_task, sizeof contact_by_task},
    {"0047_moved_branches", moved_branches, sizeof moved_branches},
    {"0048_obstacle_at_work", obstacle_at_work, sizeof obstacle_at_work},
};

const size_t millrace_migration_count = sizeof steps / sizeof *steps;

const struct millrace_migration *millrace_migration_at(size_t index) { return &steps[index]; }
