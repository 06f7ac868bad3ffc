// weir dump: any file of Weir in words.
#include <CLI/CLI.hpp>

#include "cli/commands.h"
#include "cli/failure.h"
#include "cli/offline/dump.h"

namespace weir::cli {

namespace {

struct dump_options {
  std::string file;
  offline::dump_order order;
};

void run_dump(const settings& s, dump_options& o) {
  o.order.as_json = s.as_json;
  bool good = false;
  try {
    good = offline::dump(offline::open_source(o.file), o.order,
                         [](const std::string& line) { print(line + "\n"); });
  } catch (const offline::read_failed& why) {
    throw failure(why.what(), exit_usage);
  }
  flush_output();
  if (!good) throw failure(o.file + ": a part of it can't be read, see the lines with \"damage\"");
}

}  // namespace

void add_dump(commands& to) {
  auto o = std::make_shared<dump_options>();
  CLI::App& app = to.add(
      to.root(),
      {"dump", "Print what a file of a data directory holds, in words", "dump FILE [OPTIONS]",
       "Knows segments (.log), indexes (.idx), .producers, terms, checkpoint, journals, lock,\n"
       "format and node, by what they begin with: a copy under another name will do. Segments of\n"
       "catalog/ hold commands, which are told in words. Reads only, also while a broker runs;\n"
       "then the end may be torn or still in the journal.\n\n"
       "Control characters in keys, values and headers are shown as \\xHH, values are cut after\n"
       "4096 bytes; --json has them whole, base64 where they are not UTF-8.\n\n"
       "Examples:\n"
       "  weir dump weir-data/topics/orders.*/0/00000000000000000001.log\n"
       "  weir dump --records --from 42 --count 3 00000000000000000001.log\n"
       "  weir dump weir-data/catalog/00000000000000000001.log\n"
       "  weir dump weir-data/journal/0-0.journal --json | jq .\n\n"
       "Exit codes: 0 all of it was read; 1 a part is damaged; 2 there is no such file, or it "
       "can't\n"
       "be opened.\n"},
      [&s = to.shared(), o] { run_dump(s, *o); });
  app.add_option("FILE", o->file, "The file")->required();
  app.add_flag("--records", o->order.records, "Of batches, their records too");
  app.add_option("--from", o->order.from, "Begin at this offset")
      ->option_text("OFFSET")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--count", o->order.count, "At most so many frames, entries or producers")
      ->option_text("N");
}

}  // namespace weir::cli
