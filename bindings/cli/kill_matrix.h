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
  bool killed = false;
  std::vector<std::string> by;       // behaviours that failed, sorted
  std::vector<std::string> crashed;  // behaviours that ended by a crash: no kills
  int tried = 0;                     // tests run
};

struct KillMatrix {
  std::vector<MutantRow> rows;
};

std::string PrintKillMatrixJson(const KillMatrix& matrix);
Result<KillMatrix> ParseKillMatrix(const std::string& text);

std::optional<KillMatrix> ReadKillMatrix();
// Rows of mutants that this run did not try are kept from the last one.
Status SaveKillMatrix(const KillMatrix& matrix);

// Behaviours that failed under some mutant.
std::set<std::string> Killers(const KillMatrix& matrix);

// "-o X", as kubectl writes it, as the "--output X" of Flags.
std::vector<char*> WithLongOutput(int argc, char** argv);

}  // namespace kp::cli
