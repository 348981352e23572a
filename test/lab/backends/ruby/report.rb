# What both apps write of a request: which handler ran, and which account and
# password it took.

require 'json'

module Report
  LOCK = Mutex.new

  # The texts in what a parser made of a field.
  def self.scalars(value)
    case value
    when nil then []
    when Hash then value.values.flat_map { |v| scalars(v) }
    when Array then value.flat_map { |v| scalars(v) }
    when Tempfile then [value.rewind && value.read.to_s]
    else [value.to_s]
    end
  end

  def self.encode(value) = scalars(value).map { |text| [text.b].pack('m0') }

  def self.write(backend, env, handler, account = nil, password = nil)
    line = JSON.generate(id: env['HTTP_X_LAB_ID'].to_s, ref: env['HTTP_X_LAB_REF'].to_s, handler: handler,
                         accounts: encode(account), passwords: encode(password))
    LOCK.synchronize { File.write(File.join(ENV.fetch('LAB_LOGS'), "#{backend}.jsonl"), line + "\n", mode: 'a') }
    handler == 'login' ? 401 : 200
  end
end
