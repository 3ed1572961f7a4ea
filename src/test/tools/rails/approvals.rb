# What Rails' tasks db:migrate, db:schema:dump and db:schema:load do, with Active Record alone.
require "active_record"
require "yaml"

task, file = ARGV
config = YAML.load_file(File.join(__dir__, "database.yml")).fetch("production")
ActiveRecord::Base.establish_connection(config.merge("url" => ENV.fetch("DATABASE_URL")))
ActiveRecord::Schema.verbose = false

case task
when "create"
  ActiveRecord::Schema.define(version: 1) do
    create_table "ai_approvals" do |t|
      t.text "status", null: false, default: "pending"
      t.integer "lock_version", null: false, default: 0
      t.datetime "expires_at", null: false
      t.datetime "executed_at"
    end
  end
when "dump" then File.open(file, "w") { |out| ActiveRecord::SchemaDumper.dump(ActiveRecord::Base.connection, out) }
when "load" then load(file)
end
