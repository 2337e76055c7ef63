// Three members under faults while clients write, read and watch; and the laws that must hold.
//
// A store numbers its states, which makes strict serializability easy to check: every acknowledged
// operation names the revision at which it took effect. What began after another had ended must not have an
// older one, and what an operation saw must be what the store held at its revision.
#pragma once

#include <cstdint>
#include <string>

namespace kp::properties {

struct CampaignOptions {
  uint64_t seed = 1;
  int virtual_seconds = 20;
  bool faults = true;
};

struct CampaignResult {
  std::string violation;  // "": none
  int acknowledged = 0;   // writes and reads
  int unknown = 0;        // writes without a certain end
  int watch_events = 0;
  uint64_t draws = 0;  // a digest of all that the simulation drew
};

CampaignResult RunCampaign(const CampaignOptions& options);

}  // namespace kp::properties
