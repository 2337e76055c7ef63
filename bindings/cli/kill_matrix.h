// Which behaviours noticed which deliberate bug. The last one is kept in runs/mutants.json.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "reference/base/status.h"

namespace kp::cli {

struct MutantRow {
  std::string name;
  std::string component;
  std::string breaks;
  bool faults = false;  // its tests ran under faults
  bool killed = false;
  std::vector<std::string> by;              // behaviours and properties that failed, sorted
  std::vector<std::string> crashed;         // those that ended by a crash: no kills
  std::vector<std::string> without_faults;  // of a mutant that needs faults: what noticed it all the same
  std::vector<std::string> idle;            // expected to notice, and did not
  int tried = 0;                            // tests run

  bool AsExpected() const { return killed && without_faults.empty() && idle.empty(); }
};

struct KillMatrix {
  std::vector<MutantRow> rows;
};

std::string PrintKillMatrixJson(const KillMatrix& matrix);
Result<KillMatrix> ParseKillMatrix(const std::string& text);

std::optional<KillMatrix> ReadKillMatrix();
// Rows of mutants that this run did not try, and that exist still, are kept from the last one.
Status SaveKillMatrix(const KillMatrix& matrix);

// Behaviours that failed under some mutant.
std::set<std::string> Killers(const KillMatrix& matrix);
// Each `must` of the catalogue that has a test, and no mutant that fails it.
std::vector<std::string> Unproven(const KillMatrix& matrix);

// "-o X", as kubectl writes it, as the "--output X" of Flags.
std::vector<char*> WithLongOutput(int argc, char** argv);

}  // namespace kp::cli
